import type { Configuration } from '@keyserver/configuration';
import { HOUR, type UnixMillis } from '@keyserver/time';
import { type Authority, registered } from './authority.ts';

/** The applications that publish: one in each of two regions. */
export const APPS = { home: 'org.example.home', neighbour: 'org.example.neighbour' } as const;

/** The regions of the applications. */
export const REGIONS = { [APPS.home]: 'XA', [APPS.neighbour]: 'XB' } as const;

/** The two series of files: those of the second region also hold travelers from the first. */
export const EXPORTS = [
  { id: 'v1', region: 'XA', travelers: false, signingKeys: ['first', 'second'] },
  { id: 'v2', region: 'XB', travelers: true, signingKeys: ['second'] },
] as const;

/** One of the two series of files. */
export type DemoExport = (typeof EXPORTS)[number];

/** The bucket that holds all files. */
export const BUCKET = 'exports';

/** Names of the private keys that sign files. */
export const SIGNING_KEYS = ['first', 'second'] as const;

/** What the operator of the demonstration has decided: hourly files, each of at least so many keys. */
export function demoConfiguration(of: {
  readonly trusted: Authority;
  readonly untrusted: Authority;
  readonly from: UnixMillis;
  readonly minRecords: number;
  /** What the platform calls each private key. */
  readonly signingKeys: Readonly<Record<string, string>>;
}): Configuration {
  const { trusted, untrusted, from, minRecords } = of;
  return {
    authorities: [registered(trusted, from), registered(untrusted, from)],
    apps: [APPS.home, APPS.neighbour].map((id) => ({
      id,
      regions: [REGIONS[id]],
      authorities: [trusted.id],
      bypassCertificate: false,
    })),
    signingKeys: SIGNING_KEYS.map((id) => ({
      ...{ id, signingKey: of.signingKeys[id] ?? id, keyId: '999', keyVersion: id, from },
      thru: undefined,
    })),
    exports: EXPORTS.map(({ id, region, travelers, signingKeys }) => ({
      id,
      bucket: BUCKET,
      filenameRoot: id,
      period: HOUR,
      outputRegion: region,
      inputRegions: [],
      excludeRegions: [],
      includeTravelers: travelers,
      onlyNonTravelers: false,
      from,
      thru: undefined,
      signingKeys,
      minRecords,
      paddingRange: 100,
      maxRecords: 500_000,
    })),
  };
}
