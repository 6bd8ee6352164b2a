import { type KeyObject, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Configuration } from '@keyserver/configuration';
import { HOUR, type UnixMillis } from '@keyserver/time';

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

/** What identity tokens of jobs must be meant for. */
export const JOB_AUDIENCE = 'https://export.keyserver.example';

/** Names of the private keys that sign files. */
export const SIGNING_KEYS = ['first', 'second'] as const;

/** What the operator of the demonstration has decided: hourly files, padded to at least so many keys. */
export function demoConfiguration(choices: {
  readonly trusted: Authority;
  readonly untrusted: Authority;
  readonly from: UnixMillis;
  readonly minRecords: number;
  /** What the platform calls each private key. */
  readonly signingKeys: Readonly<Record<string, string>>;
}): Configuration {
  const { trusted, untrusted, from, minRecords } = choices;
  return {
    authorities: [registered(trusted, from), registered(untrusted, from)],
    apps: [APPS.home, APPS.neighbour].map((id) => ({
      id,
      regions: [REGIONS[id]],
      authorities: [trusted.id],
      bypassCertificate: false,
      bypassRevisionToken: false,
    })),
    signingKeys: SIGNING_KEYS.map((id) => ({
      ...{ id, signingKey: choices.signingKeys[id] ?? id, keyId: '999', keyVersion: id, from },
      thru: undefined,
    })),
    queries: [],
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
      padEmpty: false,
    })),
  };
}

/** The verification server of a health authority: it signs what phones present. */
export interface Authority {
  readonly id: number;
  readonly issuer: string;
  readonly audience: string;
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** PEM. */
  readonly publicKey: string;
}

const generate = promisify(generateKeyPair);

/** A health authority with a new key on P-256. */
export async function newAuthority(id: number): Promise<Authority> {
  const { privateKey, publicKey } = await generate('ec', { namedCurve: 'P-256' });
  return {
    id,
    issuer: `https://authority-${id}.example`,
    audience: 'keyserver.example',
    kid: 'demo',
    privateKey,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** The authority as an operator registers it. */
const registered = (
  { id, issuer, audience, kid, publicKey }: Authority,
  from: UnixMillis,
): Configuration['authorities'][number] => ({
  id,
  issuer,
  audience,
  name: `Authority ${id}`,
  keys: [{ version: kid, publicKey, from, thru: undefined }],
  stats: true,
});
