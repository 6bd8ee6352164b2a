import type { Partner } from '@keyserver/federation';
import { DAY, HOUR, unixMillis } from '@keyserver/time';
import { LATER } from './sound-server.ts';

/** A padded partner of some days. */
export const partnerOf = (fields: Partial<Partner>): Partner => ({
  ...{ id: 'neighbour', issuer: 'https://issuer.example', subject: 'neighbour' },
  ...{ audience: 'https://keys.example/federation', includeRegions: ['US'], excludeRegions: [] },
  ...{ includeTravelers: false, onlyLocalProvenance: true, mode: 'padded', unit: 4 * HOUR },
  ...{ minRecords: 200, paddingRange: 20, maxPageKeys: 5000, callsPerMinute: 60 },
  ...{ from: unixMillis(LATER - 9 * DAY - (LATER % DAY)), thru: undefined },
  ...fields,
});
