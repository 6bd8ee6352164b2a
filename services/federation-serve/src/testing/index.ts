export type { CallTime } from '../call-time.ts';
export { type ServeKeysDeps, serveKeys } from '../serve-keys.ts';
export { unitCache } from '../unit-cache.ts';
export { fetchClient } from './fetch-client.ts';
export {
  type FederationServer,
  type Started,
  type StoredBatch,
  federationServer,
} from './federation-server.ts';
