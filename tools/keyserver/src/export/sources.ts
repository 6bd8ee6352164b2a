import { dirname, join } from 'node:path';
import {
  type ExpectedExport,
  MAX_ARCHIVE_BYTES,
  parseIndex,
  parseVerificationKeys,
} from '@keyserver/export-file';
import { isP256PublicKey } from '@keyserver/health-authority';
import type { Timers } from '@keyserver/time';
import { download, readSmallFile, readTextFile } from '../bounded-read.ts';
import { CommandFault, sentenceOf } from '../command-fault.ts';
import { addressOf } from '../options.ts';

/** An archive that somebody named or an index lists, and the keys that may have signed it. */
export interface ArchiveSource {
  readonly name: string;
  /** Whether an index lists it. If it is missing then, the server is at fault and not the caller. */
  readonly listed: boolean;
  readonly load: () => Promise<Uint8Array>;
  readonly keys: FindKeys;
}

const MAX_INDEX_BYTES = 1024 * 1024;

/** Reads an archive from a file or an address. */
export const loadArchive = async (place: string, timers: Timers): Promise<Uint8Array> =>
  isAddress(place)
    ? await download(addressOf(place), MAX_ARCHIVE_BYTES, timers)
    : await readSmallFile(place, MAX_ARCHIVE_BYTES);

/** The archives that one argument stands for: itself, or all that an index lists. Keys lie beside them unless chosen. */
export async function archivesAt(
  place: string,
  chosen: FindKeys | undefined,
  timers: Timers,
): Promise<readonly ArchiveSource[]> {
  if (isAddress(place) && addressOf(place).pathname.endsWith('/index.txt'))
    return await archivesOfIndex(addressOf(place), chosen, timers);
  const beside = isAddress(place)
    ? new URL('keys.json', addressOf(place)).href
    : join(dirname(place), 'keys.json');
  const load = async (): Promise<Uint8Array> => await loadArchive(place, timers);
  return [{ name: place, listed: false, load, keys: chosen ?? keysAt(beside, timers) }];
}

const isAddress = (place: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(place);

async function archivesOfIndex(
  index: URL,
  chosen: FindKeys | undefined,
  timers: Timers,
): Promise<readonly ArchiveSource[]> {
  const names = parseIndex(await download(index, MAX_INDEX_BYTES, timers));
  if (names === undefined) throw new CommandFault(`${index.href} is not an export index`);
  const keys = chosen ?? keysAt(new URL('keys.json', index).href, timers);
  return names.map((name) => ({
    name,
    listed: true,
    load: async () => await download(besideIndex(index, name), MAX_ARCHIVE_BYTES, timers),
    keys,
  }));
}

/** Names in an index begin at the root of its bucket: BASE/v1/index.txt lists v1/1-2-00001.zip. */
function besideIndex(index: URL, name: string): URL {
  const folder = `/${name.slice(0, name.lastIndexOf('/') + 1)}`;
  const at = new URL('.', index).pathname;
  if (folder === '/' || !at.endsWith(folder))
    throw new CommandFault('the index lists it outside its own folder');
  return new URL(name.slice(folder.length - 1), new URL('.', index));
}

/** The public keys that an archive may be signed with. */
type KnownKeys = ExpectedExport['keys'];

/** Finds the keys that archives are checked with. */
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
