import { HOUR, unixMillis } from '@keyserver/time';
import type { Grant, Partner } from '../partner.ts';

/** A grant of all keys of the US, wherever they came from. Tests only. */
export const aGrant = (change: Partial<Grant> = {}): Grant => ({
  includeRegions: ['US'],
  excludeRegions: [],
  includeTravelers: false,
  onlyLocalProvenance: false,
  ...change,
});

/** A fresh partner with that grant. Tests only. */
export const aPartner = (change: Partial<Partner> = {}): Partner => ({
  ...aGrant(),
  id: 'neighbour',
  issuer: 'https://accounts.example',
  subject: '1098765',
  audience: 'https://us.example/federation',
  mode: 'fresh',
  unit: 4 * HOUR,
  minRecords: 0,
  paddingRange: 0,
  maxPageKeys: 500,
  callsPerMinute: 6000,
  from: unixMillis(0),
  thru: undefined,
  ...change,
});
