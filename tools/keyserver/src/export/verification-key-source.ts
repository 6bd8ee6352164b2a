import { type ExpectedExport, parseVerificationKeys } from '@keyserver/export-file';
import { isP256PublicKey } from '@keyserver/health-authority';
import type { Timers } from '@keyserver/time';
import { download } from '../download.ts';
import { CommandFault, sentenceOf } from '../failure.ts';
import { readSmallFile, readTextFile } from '../files.ts';
import { addressOf } from '../option-values.ts';

/** The public keys that an archive may be signed with. */
type KnownKeys = ExpectedExport['keys'];

/** Finds the keys to hold archives against. */
export type FindKeys = () => Promise<KnownKeys>;

const MAX_KEYS_BYTES = 256 * 1024;

/** The keys of a published document, a file or an address; it is read once, when the first archive needs it. */
export function keysAt(place: string, timers: Timers): FindKeys {
  let read: Promise<KnownKeys> | undefined;
  return async () => await (read ??= readKeys(place, timers));
}

async function readKeys(place: string, timers: Timers): Promise<KnownKeys> {
  const content = /^https?:/i.test(place)
    ? await download(addressOf(place), MAX_KEYS_BYTES, timers)
    : await readSmallFile(place, MAX_KEYS_BYTES).catch((error: unknown) => {
        throw new CommandFault(
          `no verification keys: ${sentenceOf(error)}; give --key or --keys-url`,
        );
      });
  const keys = parseVerificationKeys(content);
  if (keys === undefined) throw new CommandFault(`${place} is not a document of verification keys`);
  return keys;
}

/** Public keys in PEM files, each of which may have made any signature. */
export async function keysOfPemFiles(paths: readonly string[]): Promise<FindKeys> {
  const keys = await Promise.all(
    paths.map(async (path) => ({ publicKey: await readPublicKey(path), heldIn: path })),
  );
  return async () => await Promise.resolve(keys);
}

async function readPublicKey(path: string): Promise<string> {
  const pem = await readTextFile(path, MAX_KEYS_BYTES);
  if (isP256PublicKey(pem)) return pem;
  throw new CommandFault(
    /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)
      ? `${path} holds a private key; give its public half (openssl pkey -in FILE -pubout)`
      : `${path} is not one P-256 public key in PEM (BEGIN PUBLIC KEY)`,
  );
}
