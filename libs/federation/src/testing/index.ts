export {
  ExposureKey,
  FederationFetchRequest,
  FederationFetchResponse,
  FetchState,
} from '#generated/federation.js';
export { aGrant, aPartner } from './a-partner.ts';
