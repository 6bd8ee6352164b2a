import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { type VerifyCertificate, certificateVerifier } from '@keyserver/health-authority';
import { DEVELOPMENT_NAMES } from '@keyserver/configuration';
import { unixMillis } from '@keyserver/time';

/** A new private key of a curve, as PKCS#8 PEM. */
export const aPrivateKey = (namedCurve = 'P-256'): string =>
  generateKeyPairSync('ec', { namedCurve })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

/** Verifies certificates of an authority that has this private key, by the names given or the development ones. */
export const verifierFor = (
  privateKey: string,
  of: {
    readonly issuer: string;
    readonly audience: string;
    readonly kid: string;
  } = DEVELOPMENT_NAMES.authority,
): VerifyCertificate =>
  certificateVerifier(
    async (issuer) =>
      await Promise.resolve(
        issuer === of.issuer
          ? {
              id: 1,
              issuer,
              audience: of.audience,
              name: 'Authority',
              keys: [
                {
                  version: of.kid,
                  publicKey: createPublicKey(privateKey)
                    .export({ type: 'spki', format: 'pem' })
                    .toString(),
                  from: unixMillis(0),
                  thru: undefined,
                },
              ],
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
};
