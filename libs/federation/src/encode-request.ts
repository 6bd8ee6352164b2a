import { FederationFetchRequest } from '#generated/federation.js';
import type { PartnerCursor, PartnerState } from './partner-state.ts';
import type { FederationQuery } from './query.ts';

/** The bytes of a call of a query; without a state it asks from the beginning. */
export const encodeRequest = (
  query: FederationQuery,
  state: PartnerState | undefined,
): Uint8Array =>
  FederationFetchRequest.encode({
    includeRegions: [...query.includeRegions],
    excludeRegions: [...query.excludeRegions],
    onlyTravelers: query.onlyTravelers,
    onlyLocalProvenance: query.onlyLocalProvenance,
    maxExposureKeys: query.maxPageKeys,
    ...(state === undefined
      ? {}
      : { state: { keyCursor: wire(state.keys), revisedKeyCursor: wire(state.revisions) } }),
  }).finish();

const wire = ({
  timestamp,
  token: nextToken,
}: PartnerCursor): { timestamp: number; nextToken: string } => ({ timestamp, nextToken });
