import { createSign, generateKeyPairSync } from 'node:crypto';
import type { Signer } from '../signer.ts';

/** A signer whose key lives in memory. Tests only. */
export function memorySigner(): Signer & { readonly pem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return {
    pem,
    publicKey: async () => await Promise.resolve(pem),
    begin: () => {
      const signing = createSign('sha256');
      return {
        update: (piece) => {
          signing.update(piece);
        },
        finish: async () =>
          await Promise.resolve(signing.sign({ key: privateKey, dsaEncoding: 'der' })),
      };
    },
  };
}
