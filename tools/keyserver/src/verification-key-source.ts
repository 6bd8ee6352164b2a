import { createPublicKey } from 'node:crypto';
import { type ExpectedExport, inspectExport, parseVerificationKeys } from '@keyserver/export-file';
import { download } from './download.ts';
import { Failure, sentenceOf } from './failure.ts';
import { readSmallFile, readTextFile } from './files.ts';
import { addressOf } from './option-values.ts';

/** The public keys that an archive may be signed with. */
type KnownKeys = ExpectedExport['keys'];

/** Finds the keys to hold an archive against. */
export type FindKeys = (archive: Uint8Array) => Promise<KnownKeys>;

const MAX_KEYS_BYTES = 256 * 1024;

/** The keys of a published document, a file or an address; it is read once, when the first archive needs it. */
export function keysAt(place: string): FindKeys {
  let read: Promise<KnownKeys> | undefined;
  return async () => await (read ??= readKeys(place));
}

async function readKeys(place: string): Promise<KnownKeys> {
  const content = /^https?:/i.test(place)
    ? await download(addressOf(place), MAX_KEYS_BYTES)
    : await readSmallFile(place, MAX_KEYS_BYTES).catch((error: unknown) => {
        throw new Failure(`no verification keys: ${sentenceOf(error)}; give --key or --keys-url`);
      });
  const keys = parseVerificationKeys(content);
  if (keys === undefined) throw new Failure(`${place} is not a document of verification keys`);
  return keys;
}

/** Public keys in PEM files: whatever the archive calls its first signer, one of them must be it. */
export async function keysOfPemFiles(paths: readonly string[]): Promise<FindKeys> {
  const pems = await Promise.all(paths.map(readPublicKey));
  return async (archive) => {
    const [first] = (await inspectExport(archive)).summary?.signers ?? [];
    return first === undefined ? [] : pems.map((publicKey) => ({ ...first, publicKey }));
  };
}

async function readPublicKey(path: string): Promise<string> {
  const pem = await readTextFile(path, MAX_KEYS_BYTES);
  try {
    if (createPublicKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1') return pem;
  } catch {
    // Refused below, like a key of another kind.
  }
  throw new Failure(`${path} is not a P-256 public key in PEM`);
}
