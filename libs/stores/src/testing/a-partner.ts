import type { Partner } from '@keyserver/federation';
import { HOUR, unixMillis } from '@keyserver/time';

/** A padded partner that is granted the local keys of the US, in units of four hours. Tests only. */
export const aPaddedPartner = (overrides: Partial<Partner> = {}): Partner => ({
  ...{ id: 'neighbour', issuer: 'https://issuer.example', subject: overrides.id ?? 'neighbour' },
  ...{ audience: 'https://keys.example/federation', includeRegions: ['US'], excludeRegions: [] },
  ...{ includeTravelers: false, onlyLocalProvenance: true, mode: 'padded', unit: 4 * HOUR },
  ...{ minRecords: 10, paddingRange: 0, maxPageKeys: 5000, callsPerMinute: 60 },
  ...{ from: unixMillis(0), thru: undefined },
  ...overrides,
});
