import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Puts the signing key of the manual's example into a data directory, as its operator does before the configuration names it. */
export function putSigningKey(dataDirectory: string, name = 'export-2024'): void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const directory = join(dataDirectory, 'keys', 'signing');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(join(directory, `${name}.pem`), pem, { mode: 0o600 });
}
