import type { StorePart } from '@keyserver/docstore';
import type { FindSigner, OpenBucket, TrySigner } from '@keyserver/export-file';
// eslint-disable-next-line no-restricted-imports -- for the names and the ages of files on this machine's own disk
import { type Random, randomId, systemRandom } from '@keyserver/random';
import type { FindKeyWrapper } from '@keyserver/revision-token';
// eslint-disable-next-line no-restricted-imports -- as above
import { type Clock, type Timers, systemClock } from '@keyserver/time';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type ArrayCheck,
  type SqliteDocumentStore,
  type SqliteSettings,
  acceptDatabase,
  checkArrayIndexes,
  missingCommits,
  openSqliteStore,
  rebuildArrayIndexes,
} from '@keyserver/sqlite';
import { checkDisk } from './disk-room.ts';
import { createIn, failedWith, makeDirectory, removeFile } from './durable-files.ts';
import { PLACES, stateOf } from './first-start.ts';
import { type Identity, type Issuer, issuerTokens, openIssuer } from './issuer.ts';
import { keysPart } from './keys-part.ts';
import { type BucketDirectory, openBucketDirectory } from './objects.ts';
import { privateDirectory } from './private-files.ts';
import { keyHashSecret } from './secrets.ts';
import { type KeyFiles, keyFiles } from './signing-keys.ts';
import { DataDirectoryFault } from './unusable-data-directory.ts';
import { wrappingKeys } from './wrapping-keys.ts';

/** Everything that the services need of one machine, below one data directory. */
export interface LocalPlatform {
  readonly store: SqliteDocumentStore;
  readonly openBucket: OpenBucket;
  readonly findSigner: FindSigner;
  readonly trySigner: TrySigner;
  /** Wraps data keys under the key of a name, which is made when it first wraps. */
  readonly wrapperFor: FindKeyWrapper;
  /** What stored keys are looked up by. */
  readonly keyHashSecret: Uint8Array;
  /** Makes sure that a signing key of this name exists; its public half as PEM. */
  readonly createSigningKey: KeyFiles['create'];
  /** The public half of a signing key; undefined when its file is not there. */
  readonly signingKeyOf: KeyFiles['publicKeyOf'];
  /** The same for a health authority's certificate key, which only a development authority keeps here. */
  readonly createAuthorityKey: KeyFiles['create'];
  readonly authorityKeyOf: KeyFiles['publicKeyOf'];
  /** The issuer of this machine's job identities, reachable under `url`. */
  readonly openIssuer: (url: string) => Promise<Issuer>;
  /** Makes identity tokens of that issuer, whose key the launcher has made. */
  readonly issuerTokens: (url: string) => (identity: Identity) => Promise<string>;
  /** Whether this directory was empty, or its first start unfinished, when it was opened. */
  readonly isFirstStart: boolean;
  /** The keys as a part of the store, beside its database. */
  readonly keysPart: StorePart;
  /** How many acknowledged commits the database lacked when it was opened. */
  readonly missingCommits: number;
  /** Takes the database as it is, without what it lacks. */
  readonly acceptDatabase: () => void;
  /** Makes the index of key hashes anew from the documents, while writers wait; gives how many entries it has. */
  readonly rebuildArrayIndex: () => number;
  /** Compares every entry of that index with the documents. */
  readonly checkArrayIndex: () => ArrayCheck | 'unreadable';
  /** Removes what replaced and deleted objects have left behind. */
  readonly sweepObjects: () => Promise<void>;
  /** Fails while the disk has no room left; its fault says so to health. */
  readonly checkDisk: () => Promise<void>;
  readonly close: () => Promise<void>;
}

type StoreListeners = Pick<SqliteSettings, 'onHousekeeping' | 'onArraysMade' | 'onLost' | 'sweeps'>;

interface LocalSettings extends StoreListeners {
  readonly dataDirectory: string;
  /** The machine's clock, or a simulated one for tests. */
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** How much of each database file is read through a memory map at most; 1 GiB unless given. */
  readonly mappedBytes?: number;
  /** Lets a new database be made beside the keys and buckets of another one, for an import; false unless given. */
  readonly databaseMayBeNew?: boolean;
  /** Takes the database although it lacks commits that were noted, because an operator said so; false unless given. */
  readonly databaseMayBeOlder?: boolean;
}

/** Opens the platform of one machine; any number of processes may have the same data directory open. */
export async function openLocalPlatform(settings: LocalSettings): Promise<LocalPlatform> {
  const { dataDirectory, clock, timers, random } = settings;
  await checkWritable(dataDirectory, random);
  const { databaseMayBeNew = false } = settings;
  const state = await stateOf(dataDirectory, { random, databaseMayBeNew });
  const keys = join(dataDirectory, PLACES.keys);
  await privateDirectory(keys);
  const secret = await keyHashSecret(keys, { state, random });
  const signing = keyFiles(join(keys, 'signing'), random);
  const authority = keyFiles(join(keys, 'authority'), random);
  const buckets = bucketsOf(dataDirectory);
  const file = join(dataDirectory, PLACES.database);
  await privateDatabase(file);
  const missing = state === 'first_start' ? 0 : commitsMissingIn(file);
  if (missing > 0 && settings.databaseMayBeOlder !== true) throw olderDatabase(file, missing);
  const machine = { clock, timers, random };
  const store = await openSqliteStore({
    ...{ file, ...machine, ...listenersOf(settings) },
    mappedBytes: settings.mappedBytes,
  });
  return {
    store,
    openBucket: buckets.openBucket,
    findSigner: signing.findSigner,
    trySigner: signing.trySigner,
    wrapperFor: wrappingKeys(join(keys, 'wrapping'), random),
    keyHashSecret: secret,
    createSigningKey: signing.create,
    signingKeyOf: signing.publicKeyOf,
    createAuthorityKey: authority.create,
    authorityKeyOf: authority.publicKeyOf,
    openIssuer: async (url) => await openIssuer(url, keys, { clock, random }),
    issuerTokens: (url) => issuerTokens(url, keys, clock),
    isFirstStart: state === 'first_start',
    keysPart: keysPart(dataDirectory, random),
    missingCommits: missing,
    acceptDatabase: () => {
      acceptDatabase(file);
    },
    rebuildArrayIndex: () => rebuildArrayIndexes(file, machine),
    checkArrayIndex: () => checkArrayIndexes(file, machine),
    sweepObjects: buckets.sweep,
    checkDisk: async () => {
      await checkDisk(dataDirectory);
    },
    close: async () => {
      await store.close();
    },
  };
}

const listenersOf = ({
  onHousekeeping,
  onArraysMade,
  onLost,
  sweeps = false,
}: StoreListeners): StoreListeners => ({
  sweeps,
  ...(onHousekeeping === undefined ? {} : { onHousekeeping }),
  ...(onArraysMade === undefined ? {} : { onArraysMade }),
  ...(onLost === undefined ? {} : { onLost }),
});

/** Makes the database its owner's alone before SQLite does; the files beside it follow its mode. */
async function privateDatabase(file: string): Promise<void> {
  await (await open(file, 'a', 0o600)).close();
}

/** The objects of a data directory alone, for a process that only serves them. */
export const bucketsOf = (dataDirectory: string): BucketDirectory =>
  openBucketDirectory(join(dataDirectory, PLACES.buckets), disk);

/** The time that the disk gives to files, also where services run in simulated time. */
const disk = { clock: systemClock, random: systemRandom };

async function checkWritable(dataDirectory: string, random: Random): Promise<void> {
  const probe = `.${randomId(random)}.probe`;
  try {
    await makeDirectory(dataDirectory, 0o700); // unpublished keys are nobody else's business
    await (await createIn(dataDirectory, probe)).close();
    await removeFile(join(dataDirectory, probe));
  } catch (error) {
    const why = REASONS.find(({ code }) => failedWith(error, code))?.sentence;
    const reason = why ?? 'writing a file there failed';
    throw new DataDirectoryFault(`The data directory ${dataDirectory} cannot be used: ${reason}.`, {
      cause: error,
    });
  }
}

const REASONS = [
  { code: 'EACCES', sentence: 'this user may not write there' },
  { code: 'EPERM', sentence: 'this user may not write there' },
  { code: 'EROFS', sentence: 'it lies on a read-only file system' },
  { code: 'ENOSPC', sentence: 'the disk is full' },
  { code: 'ENOTDIR', sentence: 'a part of its path is a file' },
  { code: 'EEXIST', sentence: 'there is a file of that name' },
];

/** How many acknowledged commits a database lacks. It is only read; one that cannot be is refused. */
function commitsMissingIn(file: string): number {
  try {
    return missingCommits(file);
  } catch (error) {
    throw new DataDirectoryFault(
      `The database ${file} cannot be read: it is damaged, or no database; put a copy back, as docs/runbooks/missing-part.md says.`,
      { cause: error },
    );
  }
}

/** The refusal of a database that lacks commits which were acknowledged, before anything is written to it. */
const olderDatabase = (file: string, missing: number): DataDirectoryFault =>
  new DataDirectoryFault(
    `The database ${file} lacks its last ${missing} commits: ${basename(file)}-wal is gone, or an older copy was put in its place; nothing was changed; put the newest files back together, or let \`npx keyserver store adopt\` take what is there, as docs/runbooks/missing-part.md says.`,
  );
