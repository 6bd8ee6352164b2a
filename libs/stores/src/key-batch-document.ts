import { createCipheriv } from 'node:crypto';
import {
  type DocumentOf,
  bool,
  bytes,
  collection,
  int,
  ints,
  optional,
  text,
  texts,
  view,
} from '@keyserver/docstore';
import { KEY_BYTES, type KeyBatch, RECORD, RECORD_BYTES } from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import { HOUR, INTERVAL, type UnixMillis, unixMillis } from '@keyserver/time';
import { JOB_GRACE } from './job-grace.ts';

/** Key batches are spread over so many shards; a constant of the data format, every reader reads all. */
export const SHARDS = 64;

const HASH_BYTES = 6;

const fields = {
  shard: int(),
  window: int(),
  kind: text<KeyBatch['kind']>(),
  origin: text<KeyBatch['origin']>(),
  sourceId: text(),
  regions: texts(),
  traveler: bool(),
  app: text(),
  authority: optional(int()),
  authorityName: optional(text()),
  records: bytes(),
  keyHashes: ints(),
  expireAt: int(),
};

/** Stored keys: one document per upload and release window, packed, spread over shards, appended only. */
export const keyBatches = collection({
  name: 'keyBatches',
  fields,
  indexes: [['shard', 'window']],
  arrayIndex: 'keyHashes',
  expiry: 'expireAt',
  grace: JOB_GRACE,
});

/** Stored keys without what they are looked up and counted by: what exports read. */
export const keyBatchContents = view(keyBatches, [
  ...(['shard', 'window', 'kind', 'origin', 'sourceId', 'regions', 'traveler'] as const),
  ...(['app', 'authority', 'authorityName', 'records'] as const),
]);

/** Of stored keys only when they go: what is read to delete them. */
export const keyBatchExpiries = view(keyBatches, ['shard', 'window', 'expireAt']);

/** A stored document of keys. */
export type KeyBatchDocument = DocumentOf<typeof fields>;

/** What the deployment sets for its key store. */
export interface KeyStoreSettings {
  /** How long a window can be read, ms. */
  readonly retention: number;
  /** How long after its end a key may be published or revised, ms. */
  readonly maxKeyAge: number;
  /** What keys are found by. */
  readonly hashKey: HashKey;
}

/** A key's 48-bit hash, by which it is looked up. */
export interface HashKey {
  (key: Uint8Array): number;
  /** The hashes of many keys in one call, which takes little longer than that of one. */
  readonly ofAll?: (keys: readonly Uint8Array[]) => readonly number[];
}

/** The hashes of keys, in their order. */
export const hashesOf = (keys: readonly Uint8Array[], hashKey: HashKey): readonly number[] =>
  hashKey.ofAll?.(keys) ?? keys.map((key) => hashKey(key));

/**
 * The first 48 bits of AES-256 of a key, which is just one block, under the store's secret of 32 bytes: keyed, so that nobody
 * can choose keys that collide.
 */
export function keyHasher(secret: Uint8Array): HashKey {
  const cipher = createCipheriv('aes-256-ecb', secret, null).setAutoPadding(false);
  const ofAll = (keys: readonly Uint8Array[]): readonly number[] => {
    if (keys.some(({ length }) => length !== KEY_BYTES))
      throw new RangeError('only a whole key has a hash');
    const hashed = cipher.update(Buffer.concat(keys));
    return keys.map((_, n) => hashed.readUIntBE(n * KEY_BYTES, HASH_BYTES));
  };
  const ofOne = (key: Uint8Array): number => ofAll([key])[0] ?? 0;
  return Object.assign(ofOne, { ofAll });
}

/** What a new document of keys holds. `records` are packed and sorted by key. */
export type NewKeyBatch = Omit<KeyBatch, 'id'> & {
  /** The hashes of the keys, in any order, where they are known already. */
  readonly keyHashes?: readonly number[];
};

/** The document of new keys, with what they are found and forgotten by. */
export function keyBatchDocument(
  batch: NewKeyBatch,
  settings: KeyStoreSettings,
  random: Random,
): KeyBatchDocument {
  const { authority, records, ...rest } = batch;
  return {
    ...rest,
    shard: random.below(SHARDS),
    records,
    keyHashes: batch.keyHashes ?? hashesOf(keysOf(records), settings.hashKey),
    expireAt: Math.max(batch.window + settings.retention, knownUntil(lastEnd(records), settings)),
    ...(authority === undefined ? {} : { authority: authority.id, authorityName: authority.name }),
  };
}

/** The key batch of a stored document. */
export const keyBatchOf = (
  id: string,
  stored: Pick<KeyBatchDocument, Exclude<keyof KeyBatch, 'id'> | 'authorityName'>,
): KeyBatch => ({
  id,
  window: unixMillis(stored.window),
  kind: stored.kind,
  origin: stored.origin,
  sourceId: stored.sourceId,
  regions: stored.regions,
  traveler: stored.traveler,
  app: stored.app,
  authority:
    stored.authority === undefined || stored.authorityName === undefined
      ? undefined
      : { id: stored.authority, name: stored.authorityName },
  records: stored.records,
});

/** Whether an upload of the same keys would find a stored document by these hashes. */
export const isFoundBy = (stored: KeyBatchDocument, hashKey: HashKey): boolean =>
  keysOf(stored.records).every((key) => stored.keyHashes.includes(hashKey(key)));

/**
 * For how long more than its age allows a stored key is found. The last upload of a key is accepted almost an interval after
 * its age has passed, because ages are measured in whole intervals; by the clock of a process, which may be 30 s behind store
 * time; and its transaction lives for 330 s at most. Together that is 16 minutes, however long windows are: they have no
 * part in what is accepted. Two windows, as often said, would be too short for windows of seconds.
 */
const FOUND_LONGER = 2 * HOUR;

/**
 * Until when an upload of the same key must find a stored one: as long as the key itself could still be published.
 * `end` is an interval number.
 */
export const knownUntil = (
  end: number,
  settings: Pick<KeyStoreSettings, 'maxKeyAge'>,
): UnixMillis => unixMillis(end * INTERVAL + settings.maxKeyAge + FOUND_LONGER);

function keysOf(records: Uint8Array): Uint8Array[] {
  return Array.from({ length: records.length / RECORD_BYTES }, (_, n) =>
    records.subarray(n * RECORD_BYTES, n * RECORD_BYTES + KEY_BYTES),
  );
}

function lastEnd(records: Uint8Array): number {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  let last = 0;
  for (let at = 0; at < records.length; at += RECORD_BYTES)
    last = Math.max(
      last,
      view.getUint32(at + RECORD.start, true) + view.getUint8(at + RECORD.period),
    );
  return last;
}
