import { type KeyObject, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Configuration } from '@keyserver/configuration';
import type { UnixMillis } from '@keyserver/time';

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
export const registered = (
  { id, issuer, audience, kid, publicKey }: Authority,
  from: UnixMillis,
): Configuration['authorities'][number] => ({
  id,
  issuer,
  audience,
  name: `Authority ${id}`,
  keys: [{ version: kid, publicKey, from, thru: undefined }],
});
