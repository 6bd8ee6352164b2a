import { createPrivateKey } from 'node:crypto';
import type { Problem } from './configuration.ts';

/** The shortest private key of a curve that we use takes more characters than this in base64; no id or name is so long. */
const LEAST_CHARACTERS = 60;
const BASE64 = /^[A-Za-z0-9+/_=-]+$/;

/**
 * The places of a file that hold a private key, in PEM or in base64. A file names keys and never holds them: it is kept with other
 * files, shown, compared and written to the audit. Nothing of the key is repeated.
 */
export function privateKeysIn(value: unknown, path = ''): readonly Problem[] {
  if (typeof value === 'string') return holdsPrivateKey(value) ? [problemAt(path)] : [];
  if (Array.isArray(value)) return value.flatMap((one, n) => privateKeysIn(one, `${path}[${n}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) =>
    privateKeysIn(one, path === '' ? name : `${path}.${name}`),
  );
}

const problemAt = (path: string): Problem => ({
  path,
  message:
    'holds a private key; a file only names keys: take it out, and replace that key if anybody could read the file',
});

function holdsPrivateKey(text: string): boolean {
  if (text.includes('PRIVATE KEY')) return true;
  const bare = text.replaceAll(/\s/g, '');
  if (bare.length < LEAST_CHARACTERS || !BASE64.test(bare)) return false;
  const key = Buffer.from(bare, 'base64'); // takes the alphabet of URLs too
  return (['pkcs8', 'sec1', 'pkcs1'] as const).some((type) => isKey(key, type));
}

function isKey(key: Buffer, type: 'pkcs8' | 'sec1' | 'pkcs1'): boolean {
  try {
    createPrivateKey({ key, format: 'der', type });
    return true;
  } catch {
    return false; // no key of this form, as nearly every text
  }
}
