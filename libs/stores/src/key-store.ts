import {
  type DocumentStore,
  type Found,
  MAX_CONTAINS_ANY,
  type Transaction,
} from '@keyserver/docstore';
import {
  type ExposureKey,
  type StoreUpload,
  type Upload,
  type UploadOutcome,
  findRecord,
  keyEnd,
  keyHex,
  packRecords,
  reconcile,
  releaseSpan,
  releaseWindow,
} from '@keyserver/exposure-keys';
import { type Random, randomId } from '@keyserver/random';
import { type Clock, type UnixMillis, type WindowCalendar, windowStart } from '@keyserver/time';
import { type Coverage, refuseCovered, rememberedCoverage } from './covered-windows.ts';
import {
  type KeyBatchDocument,
  type KeyStoreSettings,
  keyBatchDocument,
  keyBatches,
  knownUntil,
} from './key-batch-document.ts';
import type { FindWindows } from './store-windows.ts';
import { type SkippedCountsId, type TotalDelta, totalDelta, totalDeltas } from './total-deltas.ts';

/** Ids of the documents that an upload creates, each drawn once, so that a repeated attempt recognises an earlier one. */
interface DrawnIds {
  readonly batch: (n: number) => string;
  readonly delta: string;
}

function drawIds(random: Random): DrawnIds {
  const drawn: string[] = [];
  return { batch: (n) => (drawn[n] ??= randomId(random)), delta: randomId(random) };
}

/** What the deployment sets for taking in uploads. */
export interface UploadStoreSettings extends KeyStoreSettings {
  /** Ids of counts that are kept once only. */
  readonly skippedCountsId: SkippedCountsId;
  /** Says when what is remembered of the exports is too old. */
  readonly clock: Clock;
  /** The windows that release times are rounded down to. */
  readonly windows: FindWindows;
}

/** Takes in uploads: looks for keys that are stored already, decides, and stores keys and counts in one transaction. */
export function storeUploads(
  store: DocumentStore,
  settings: UploadStoreSettings,
  random: Random,
): StoreUpload {
  const recall = rememberedCoverage(store, settings.clock);
  return async (upload) => {
    if (upload.keys.length === 0) return { kind: 'stored', inserted: 0 };
    const coverage = await recall();
    const hashes = new Map(upload.keys.map((key) => [key, settings.hashKey(key.data)]));
    const ids = drawIds(random);
    let written: UploadOutcome | undefined;
    return await store.transact(async (tx) => {
      // An attempt whose outcome was never heard of may have committed: then its answer is the answer.
      if (written !== undefined && (await isCommitted(tx, ids))) return written;
      const found = await findByHashes(tx, [...hashes.values()]);
      const windows = await settings.windows(tx);
      const now = tx.floor(releaseSpan(windows));
      const outcome = reconcile(upload, storedKeys(found, upload, { now, settings }));
      if (outcome.kind === 'refused') return outcome;
      const { primaries: keys } = outcome;
      const counts = await newCounts(tx, { upload, keys, ids, now, windows, settings });
      writeKeys(tx, { upload, ids, hashes, now, windows, settings, random, keys, coverage });
      if (counts !== undefined) tx.create(totalDeltas, counts.id, counts.delta);
      written = { kind: 'stored', inserted: keys.length };
      return written;
    });
  };
}

async function isCommitted(tx: Transaction, ids: DrawnIds): Promise<boolean> {
  const [batches, deltas] = await Promise.all([
    tx.get(keyBatches, [ids.batch(0)]),
    tx.get(totalDeltas, [ids.delta]),
  ]);
  return batches[0] !== undefined || deltas[0] !== undefined;
}

async function findByHashes(
  tx: Transaction,
  hashes: readonly number[],
): Promise<readonly Found<KeyBatchDocument>[]> {
  const groups = Array.from({ length: Math.ceil(hashes.length / MAX_CONTAINS_ANY) }, (_, n) =>
    hashes.slice(n * MAX_CONTAINS_ANY, (n + 1) * MAX_CONTAINS_ANY),
  );
  const found = await Promise.all(
    groups.map(
      async (values) => await tx.find(keyBatches, { containsAny: { field: 'keyHashes', values } }),
    ),
  );
  return found.flat();
}

/**
 * What is stored of the keys of an upload, by key in hex. Hashes only led here, so each key is looked for by all its bytes, and
 * nothing but its own record is looked at: a refusal must not tell by its time what kind of document the key was in.
 */
function storedKeys(
  found: readonly Found<KeyBatchDocument>[],
  { keys }: Upload,
  at: { readonly now: UnixMillis; readonly settings: KeyStoreSettings },
): ReadonlyMap<string, ExposureKey> {
  const primaries = found.map(({ value }) => value).filter(({ kind }) => kind === 'primary');
  const stored = new Map<string, ExposureKey>();
  for (const { data } of keys)
    for (const { records, window } of primaries) {
      const key = findRecord(records, data);
      if (key !== undefined && isKnown(key, window, at)) stored.set(keyHex(data), key);
    }
  return stored;
}

const isKnown = (
  key: ExposureKey,
  window: number,
  { now, settings }: { readonly now: UnixMillis; readonly settings: KeyStoreSettings },
): boolean => Math.max(window + settings.retention, knownUntil(keyEnd(key), settings)) > now;

interface Insertion {
  readonly upload: Upload;
  readonly keys: readonly ExposureKey[];
  readonly ids: DrawnIds;
  readonly hashes: ReadonlyMap<ExposureKey, number>;
  readonly now: UnixMillis;
  readonly windows: WindowCalendar;
  readonly settings: KeyStoreSettings;
  readonly random: Random;
  readonly coverage: Coverage;
}

function writeKeys(tx: Transaction, insertion: Insertion): void {
  const { upload, ids, now, windows, settings, random } = insertion;
  const byWindow = new Map<UnixMillis, ExposureKey[]>();
  for (const key of insertion.keys) {
    const window = releaseWindow(keyEnd(key), now, windows);
    byWindow.set(window, [...(byWindow.get(window) ?? []), key]);
  }
  for (const [n, [window, keys]] of [...byWindow].entries()) {
    const { regions, traveler, app, authority } = upload;
    const records = packRecords(keys.toSorted((a, b) => Buffer.compare(a.data, b.data)));
    const source = { kind: 'primary', origin: 'local', sourceId: '' } as const;
    const keyHashes = keys.flatMap((key) => insertion.hashes.get(key) ?? []);
    const batch = { ...source, window, regions, traveler, app, authority, records, keyHashes };
    refuseCovered(insertion.coverage, batch);
    tx.create(keyBatches, ids.batch(n), keyBatchDocument(batch, settings, random));
  }
}

/** The counts of an upload and their id; undefined when there is nothing to count, or it is counted already. */
async function newCounts(
  tx: Transaction,
  options: Pick<Insertion, 'upload' | 'keys' | 'ids' | 'now' | 'windows'> & {
    readonly settings: UploadStoreSettings;
  },
): Promise<{ readonly id: string; readonly delta: TotalDelta } | undefined> {
  const { upload, keys, ids, now, windows, settings } = options;
  const delta = totalDelta(upload, keys.length, windowStart(windows, now));
  if (delta === undefined) return undefined;
  if (keys.length === upload.keys.length) return { id: ids.delta, delta };
  const sent = upload.keys.map(({ data }) => data);
  const id = settings.skippedCountsId({ authority: delta.authority, hour: delta.hour, keys: sent });
  const [counted] = await tx.get(totalDeltas, [id]);
  return counted === undefined ? { id, delta } : undefined;
}
