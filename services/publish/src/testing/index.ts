export {
  type Answer,
  type TestServer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from './publish-server.ts';
export { COSTLY_BODIES, LONG_WORDS, goodBody } from './costly-bodies.ts';
export {
  HMAC_KEY,
  NOW,
  aKey,
  anUpload,
  app,
  authority,
  bypassApp,
  certificateFor,
  oddlyNamedApp,
  statsToken,
  wireBody,
} from './uploads.ts';
export { violationsOf } from './json-schema.ts';
export { makeDataKey } from './data-key.ts';
export { noPauses } from './no-pauses.ts';
export { someTokens } from './tokens.ts';
export type { AppDeps } from '../app.ts';
export { reserveFreely } from '../daily-ceiling.ts';
export { alphaForm } from '../http/alpha-request.ts';
export { V1, V1ALPHA1 } from '../http/upload-api.ts';
export { type PublishDeps, publishKeys } from '../publish-keys.ts';
