import type { DocumentStore, Transaction } from '@keyserver/docstore';
import {
  type ExposureKey,
  type KeyBatch,
  type Revision,
  type RevisionRules,
  type StoreUpload,
  type Upload,
  type UploadOutcome,
  keyEnd,
  packRecords,
  reconcile,
  releaseSpan,
  releaseWindow,
} from '@keyserver/exposure-keys';
import { type Random, randomId } from '@keyserver/random';
import {
  type Clock,
  type UnixMillis,
  type WindowCalendar,
  unixMillis,
  windowStart,
} from '@keyserver/time';
import { type Coverage, refuseCovered, rememberedCoverage } from './covered-windows.ts';
import {
  type KeyStoreSettings,
  hashesOf,
  keyBatchDocument,
  keyBatches,
} from './key-batch-document.ts';
import { padRevised } from './padding-documents.ts';
import type { FindWindows } from './store-windows.ts';
import { findByHashes, storedKeys } from './stored-keys.ts';
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
export interface UploadStoreSettings extends KeyStoreSettings, RevisionRules {
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
    if (upload.keys.length === 0) return { kind: 'stored', inserted: 0, revised: 0, revisable: [] };
    const coverage = await recall();
    const sent = upload.keys.map(({ data }) => data);
    const values = hashesOf(sent, settings.hashKey);
    const hashes = new Map(sent.map((data, n) => [data, values[n] ?? 0]));
    const ids = drawIds(random);
    let written: UploadOutcome | undefined;
    return await store.transact(async (tx) => {
      // An attempt whose outcome was never heard of may have committed: then its answer is the answer.
      if (written !== undefined && (await isCommitted(tx, ids))) return written;
      const found = await findByHashes(tx, [...hashes.values()]);
      const windows = await settings.windows(tx);
      const now = tx.floor(releaseSpan(windows));
      const outcome = reconcile(
        upload,
        storedKeys(found, upload, { now, windows, settings }),
        settings,
      );
      if (outcome.kind === 'refused') return outcome;
      const counts = await newCounts(tx, { upload, outcome, ids, now, windows, settings });
      const { primaries, revisions, revisable } = outcome;
      const mark = await revisedMarks(tx, { revisions, now, settings });
      writeKeys(tx, { upload, ids, hashes, now, windows, settings, random, outcome, coverage });
      mark();
      if (counts !== undefined) tx.create(totalDeltas, counts.id, counts.delta);
      const [inserted, revised] = [primaries.length, revisions.length];
      const only =
        counts !== undefined && inserted + revised === 0 ? ({ onlyCounted: true } as const) : {};
      written = { kind: 'stored', inserted, revised, revisable, ...only };
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

type Change = Extract<ReturnType<typeof reconcile>, { readonly kind: 'store' }>;

interface Insertion {
  readonly upload: Upload;
  readonly outcome: Change;
  readonly ids: DrawnIds;
  /** By the bytes that were sent, as the same object. */
  readonly hashes: ReadonlyMap<Uint8Array, number>;
  readonly now: UnixMillis;
  readonly windows: WindowCalendar;
  readonly settings: KeyStoreSettings;
  readonly random: Random;
  readonly coverage: Coverage;
}

function writeKeys(tx: Transaction, insertion: Insertion): void {
  const { ids, settings, random } = insertion;
  const documents = [...newPrimaries(insertion), ...newRevisions(insertion)];
  for (const [n, { keys, ...document }] of documents.entries()) {
    const records = packRecords(keys.toSorted((a, b) => Buffer.compare(a.data, b.data)));
    const keyHashes = keys.map(({ data }) => insertion.hashes.get(data) ?? settings.hashKey(data));
    const batch = { ...document, origin: 'local', sourceId: '', records, keyHashes } as const;
    refuseCovered(insertion.coverage, batch);
    tx.create(keyBatches, ids.batch(n), keyBatchDocument(batch, settings, random));
  }
}

/** What one document is made of: what is the same for all of its keys. */
interface NewDocument extends Pick<
  KeyBatch,
  'kind' | 'window' | 'regions' | 'traveler' | 'app' | 'authority'
> {
  readonly keys: ExposureKey[];
}

function newPrimaries({ upload, outcome, now, windows }: Insertion): readonly NewDocument[] {
  const { regions, traveler, app, authority } = upload;
  const byWindow = new Map<UnixMillis, ExposureKey[]>();
  for (const key of outcome.primaries) {
    const window = releaseWindow(keyEnd(key), now, windows);
    byWindow.set(window, [...(byWindow.get(window) ?? []), key]);
  }
  const shared = { kind: 'primary', regions, traveler, app, authority } as const;
  return [...byWindow].map(([window, keys]) => ({ ...shared, window, keys }));
}

/** Revisions have whom they are for, and when at the earliest, from what was published; who says them, from the upload. */
function newRevisions({ upload, outcome, now, windows }: Insertion): readonly NewDocument[] {
  const { authority } = upload;
  const documents = new Map<string, NewDocument>();
  for (const { key, stored } of outcome.revisions) {
    const { regions, traveler, app, window: published } = stored.primary;
    const window = unixMillis(Math.max(published, releaseWindow(keyEnd(key), now, windows)));
    const shared = { kind: 'revision', window, regions, traveler, app, authority } as const;
    const id = JSON.stringify([window, regions, traveler]);
    const document = documents.get(id) ?? { ...shared, keys: [] };
    documents.set(id, document);
    document.keys.push(key);
  }
  return [...documents.values()];
}

/**
 * Marks the documents whose keys are revised here, so that padding does not revise generated ones among them too. All are
 * marked, since a revision must not tell by its time which are. Gives what is to be written after everything is read.
 */
async function revisedMarks(
  tx: Transaction,
  {
    revisions,
    now,
    settings,
  }: {
    readonly revisions: readonly Revision[];
    readonly now: UnixMillis;
    readonly settings: KeyStoreSettings;
  },
): Promise<() => void> {
  const ids = [...new Set(revisions.map(({ stored }) => stored.primary.id))];
  const claimed = ids.length === 0 ? [] : await tx.get(padRevised, ids); // most uploads revise nothing
  const expireAt = now + settings.retention + settings.maxKeyAge;
  return () => {
    for (const [n, id] of ids.entries())
      if (claimed[n] === undefined) tx.create(padRevised, id, { expireAt });
  };
}

/** The counts of an upload and their id; undefined when there is nothing to count, or it is counted already. */
async function newCounts(
  tx: Transaction,
  options: Pick<Insertion, 'upload' | 'outcome' | 'ids' | 'now' | 'windows'> & {
    readonly settings: UploadStoreSettings;
  },
): Promise<{ readonly id: string; readonly delta: TotalDelta } | undefined> {
  const { upload, outcome, ids, now, windows, settings } = options;
  const [inserted, revised] = [outcome.primaries.length, outcome.revisions.length];
  const delta = totalDelta(upload, { inserted, revised, window: windowStart(windows, now) });
  if (delta === undefined || !outcome.counts) return undefined;
  if (inserted + revised > 0) return { id: ids.delta, delta };
  const sent = upload.keys.map(({ data }) => data);
  const id = settings.skippedCountsId({ authority: delta.authority, hour: delta.hour, keys: sent });
  const [counted] = await tx.get(totalDeltas, [id]);
  return counted === undefined ? { id, delta } : undefined;
}
