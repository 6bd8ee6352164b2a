import type { ExportConfig, SigningKey } from '@keyserver/export-file';
import type { ExposureKey } from '@keyserver/exposure-keys';
import type { Partner } from '@keyserver/federation';
import {
  DAY,
  HOUR,
  type UnixMillis,
  intervalAt,
  intervalNumber,
  unixMillis,
} from '@keyserver/time';

/** 2026-01-15, noon. */
export const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
/** An hour of that day. */
export const hour = (n: number): UnixMillis => unixMillis(NOON + (n - 12) * HOUR);

/** An hourly export of one region, signed with one key, that lifts its files to ten keys. */
export const anExport = (overrides: Partial<ExportConfig> = {}): ExportConfig => ({
  id: 'us',
  bucket: 'exports',
  filenameRoot: overrides.id ?? 'us',
  period: HOUR,
  outputRegion: 'US',
  inputRegions: [],
  excludeRegions: [],
  includeTravelers: false,
  onlyNonTravelers: false,
  from: unixMillis(0),
  thru: undefined,
  signingKeys: ['k1'],
  minRecords: 10,
  paddingRange: 0,
  maxRecords: 1000,
  padEmpty: false,
  ...overrides,
});

/** A padded partner that is granted one region, in units of four hours with at least ten keys in each cell. */
export const aPaddedPartner = (overrides: Partial<Partner> = {}): Partner => ({
  id: 'neighbour',
  issuer: 'https://issuer.example',
  subject: overrides.id ?? 'neighbour',
  audience: 'https://keys.example/federation',
  includeRegions: ['US'],
  excludeRegions: [],
  includeTravelers: false,
  onlyLocalProvenance: true,
  mode: 'padded',
  unit: 4 * HOUR,
  minRecords: 10,
  paddingRange: 0,
  maxPageKeys: 5000,
  callsPerMinute: 60,
  from: unixMillis(0),
  thru: undefined,
  ...overrides,
});

/** A signing key that is in force for ever. */
export const aSigningKey = (id: string, overrides: Partial<SigningKey> = {}): SigningKey => ({
  id,
  signingKey: `key-of-${id}`,
  keyId: '310',
  keyVersion: id,
  from: unixMillis(0),
  thru: undefined,
  ...overrides,
});

/** What stored keys of this server have in common, unless a test says otherwise. */
export const PUBLISHED = {
  kind: 'primary',
  origin: 'local',
  sourceId: '',
  regions: ['US'],
  traveler: false,
  app: 'app',
} as const;

/** A key that ended before a window opened; its first bytes are its number. */
export function keyNumber(n: number, window: UnixMillis): ExposureKey {
  const data = Buffer.alloc(16);
  data.writeUInt32BE(n);
  const day = intervalAt(unixMillis(window - 2 * DAY));
  return {
    data,
    start: intervalNumber(day - (day % 144)),
    period: 144,
    risk: n % 8,
    reportType: 'confirmed',
    onsetDays: undefined,
  };
}
