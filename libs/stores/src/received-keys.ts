import type { DocumentStore, Found, Transaction } from '@keyserver/docstore';
import {
  FOREIGN_AUTHORITY,
  KEY_BYTES,
  RECORD_BYTES,
  packRecords,
  releaseSpan,
  unpackRecords,
  keyHex,
} from '@keyserver/exposure-keys';
import {
  type ReceivedDocument,
  type ReceivedKey,
  type StoredChunk,
  type StoredCopy,
  isOneChunk,
  reconcileReceived,
  tallyOf,
} from '@keyserver/federation';
import { type Random, randomId } from '@keyserver/random';
import type { Clock } from '@keyserver/time';
import { refuseCovered, rememberedCoverage } from './covered-windows.ts';
import {
  type KeyBatchDocument,
  type KeyStoreSettings,
  hashesOf,
  keyBatchDocument,
  keyBatchOf,
  keyBatches,
} from './key-batch-document.ts';
import type { FindWindows } from './store-windows.ts';
import { type At, findByHashes, isKnown } from './stored-keys.ts';

/** What the deployment sets for storing the keys of partners. */
export interface ReceivedKeySettings extends KeyStoreSettings {
  /** Says when what is remembered of the exports is too old. */
  readonly clock: Clock;
  readonly windows: FindWindows;
}

type Documents = readonly Found<KeyBatchDocument>[];

/** Stores one chunk within a transaction; all of its reads come before its writes. */
interface WriteChunk {
  /** Every document that may hold one of the keys. */
  readonly find: (tx: Transaction) => Promise<Documents>;
  /** Whether an earlier attempt of the same transaction has stored it, as what was found tells: ids are drawn once. */
  readonly isAmong: (found: Documents) => boolean;
  readonly store: (
    tx: Transaction,
    found: Documents,
  ) => Promise<Exclude<StoredChunk, { kind: 'overtaken' | 'paused' }>>;
}

/** Makes what stores the keys that a query received. Ids are drawn before the transaction, which may run twice. */
export function receivedKeyWriter(
  store: DocumentStore,
  settings: ReceivedKeySettings,
  random: Random,
): (queryId: string, keys: readonly ReceivedKey[]) => Promise<WriteChunk> {
  const recall = rememberedCoverage(store, settings.clock);
  return async (sourceId, keys) => {
    if (!isOneChunk(keys)) throw new RangeError('too many keys for one transaction');
    const coverage = await recall();
    const sent = keys.map(({ key }) => key.data);
    const values = hashesOf(sent, settings.hashKey);
    const hashes = new Map(sent.map((data, n) => [keyHex(data), values[n] ?? 0]));
    const drawn: string[] = [];
    const idOf = (n: number): string => (drawn[n] ??= randomId(random));
    return {
      find: async (tx) => await findByHashes(tx, [...new Set(hashes.values())]),
      isAmong: (found) => found.some(({ id }) => drawn.includes(id)),
      store: async (tx, found) => {
        const windows = await settings.windows(tx);
        const now = tx.floor(releaseSpan(windows));
        const copies = copiesOf(found, hashes, { now, windows, settings });
        const context = { sourceId, now, windows, maxAge: settings.maxKeyAge };
        const decided = reconcileReceived(keys, copies, context);
        if (decided.kind === 'too far ahead') return decided;
        for (const [n, document] of decided.documents.entries()) {
          const batch = batchOf(document, sourceId, hashes);
          refuseCovered(coverage, batch);
          tx.create(keyBatches, idOf(n), keyBatchDocument(batch, settings, random));
        }
        return { kind: 'stored', ...tallyOf(decided) };
      },
    };
  };
}

function batchOf(
  { keys, verifiedBy, ...document }: ReceivedDocument,
  sourceId: string,
  hashes: ReadonlyMap<string, number>,
): Parameters<typeof keyBatchDocument>[0] {
  return {
    ...document,
    ...{ origin: 'federated', sourceId, app: '' },
    authority: verifiedBy === undefined ? undefined : { id: FOREIGN_AUTHORITY, name: verifiedBy },
    records: packRecords(keys.toSorted((a, b) => Buffer.compare(a.data, b.data))),
    keyHashes: keys.map(({ data }) => hashes.get(keyHex(data)) ?? 0),
  };
}

/** What is stored of the wanted keys, by key in hexadecimal, what was released first coming first. */
function copiesOf(
  found: Documents,
  wanted: ReadonlyMap<string, unknown>,
  at: At,
): ReadonlyMap<string, readonly StoredCopy[]> {
  // A document is found once for each group of hashes that it answers.
  const documents = [...new Map(found.map((document) => [document.id, document])).values()];
  const copies = new Map<string, StoredCopy[]>();
  for (const { id, value } of documents.sort(byRelease)) {
    const { window, kind, origin, sourceId, regions, traveler, records } = keyBatchOf(id, value);
    const view = Buffer.from(records.buffer, records.byteOffset, records.byteLength);
    for (let from = 0; from < view.length; from += RECORD_BYTES) {
      const hex = view.toString('hex', from, from + KEY_BYTES);
      if (!wanted.has(hex)) continue;
      const [key] = unpackRecords(view.subarray(from, from + RECORD_BYTES));
      if (key === undefined || !isKnown(key, window, at)) continue;
      const copy = { window, kind, origin, sourceId, regions, traveler, key };
      const before = copies.get(hex);
      if (before === undefined) copies.set(hex, [copy]);
      else before.push(copy);
    }
  }
  return copies;
}

const byRelease = (a: Found<KeyBatchDocument>, b: Found<KeyBatchDocument>): number =>
  a.value.window - b.value.window || (a.id < b.id ? -1 : 1);
