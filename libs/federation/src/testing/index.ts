export {
  ExposureKey,
  FederationFetchRequest,
  FederationFetchResponse,
  FetchState,
} from '#generated/federation.js';
export { aGrant, aPartner } from './a-partner.ts';
export {
  type AnswerParts,
  type AskedPage,
  aQuery,
  aWireKey,
  anAnswer,
  readRequest,
} from './partner-messages.ts';
