import { type KeyObject, generateKeyPairSync } from 'node:crypto';
import { unixMillis } from '@keyserver/time';
import type { HealthAuthority } from '../authority.ts';

/** A health authority together with the private key that its verification server signs with. */
export interface CertifyingAuthority {
  readonly authority: HealthAuthority;
  readonly privateKey: KeyObject;
}

/** An authority with one key of its own, version `v1`, valid at all times. */
export function certifyingAuthority(over: Partial<HealthAuthority> = {}): CertifyingAuthority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const key = { version: 'v1', publicKey: pem, from: unixMillis(0), thru: undefined };
  const authority = {
    id: 1,
    issuer: 'test.issuer',
    audience: 'test.audience',
    name: 'Test Authority',
    keys: [key],
    stats: true,
    ...over,
  };
  return { authority, privateKey };
}
