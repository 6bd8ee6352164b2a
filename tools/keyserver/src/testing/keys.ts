import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEVELOPMENT_NAMES } from '@keyserver/configuration';
import { type VerifyCertificate, certificateVerifier } from '@keyserver/health-authority';
import { unixMillis } from '@keyserver/time';

/** A new private key of a curve, as PKCS#8 PEM. */
export const aPrivateKey = (namedCurve = 'P-256'): string =>
  generateKeyPairSync('ec', { namedCurve })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

/** Verifies certificates of an authority that has this private key, by the names given or the development ones. */
export const verifierFor = (
  privateKey: string,
  names: {
    readonly issuer: string;
    readonly audience: string;
    readonly kid: string;
  } = DEVELOPMENT_NAMES.authority,
): VerifyCertificate =>
  certificateVerifier(
    async (issuer) =>
      await Promise.resolve(
        issuer === names.issuer
          ? {
              id: 1,
              issuer,
              audience: names.audience,
              name: 'Authority',
              keys: [
                {
                  version: names.kid,
                  publicKey: createPublicKey(privateKey)
                    .export({ type: 'spki', format: 'pem' })
                    .toString(),
                  from: unixMillis(0),
                  thru: undefined,
                },
              ],
              stats: true,
            }
          : undefined,
      ),
  );

/** The application that the certificates are presented by. */
export const app = {
  id: DEVELOPMENT_NAMES.app,
  regions: ['US'],
  authorities: [1],
  bypassCertificate: false,
  bypassRevisionToken: false,
};

/** Puts the signing key of the manual's example into a data directory, as its operator does before the configuration names it. */
export function putSigningKey(dataDirectory: string, name = 'export-2024'): void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const directory = join(dataDirectory, 'keys', 'signing');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(join(directory, `${name}.pem`), pem, { mode: 0o600 });
}
