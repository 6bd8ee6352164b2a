import { revisableDocuments, settledContents } from '@keyserver/export/testing';
import type { ExportBatch } from '@keyserver/export-file';
import { type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import {
  type Cell,
  type CellStore,
  type Generate,
  type KeyDocument,
  type Plan,
  type Revise,
  type RevisedDocument,
  paddingSource,
  publishersOf,
} from '@keyserver/padding';
import { type Random, randomId } from '@keyserver/random';
import { HOUR, unixMillis } from '@keyserver/time';
import { type Batch, type ModelStore, RETENTION } from './model-store.ts';
import { Failure, type Worker } from './turns.ts';

/** What a worker works with. */
export interface ServerDeps {
  readonly store: ModelStore;
  readonly random: Random;
  /** Records of so many keys that nobody has had before. */
  readonly newKeys: (count: number) => Uint8Array;
  /** Hears of two workers that found different keys in one batch. */
  readonly onDifference: (batch: Batch) => void;
}

/** Cuts what is due and works on all open batches, as the jobs of the server do. What fails is left to the next call. */
export async function work(deps: ServerDeps, worker: Worker): Promise<void> {
  for (const id of [...deps.store.exports.keys()])
    await passOverFailure(async () => {
      await cutAll(deps, worker, id);
    });
  const tried = new Set<Batch>();
  for (;;) {
    const batch = await lease(deps, worker, tried);
    if (batch === undefined) return;
    tried.add(batch);
    await passOverFailure(async () => {
      await workOn(deps, worker, batch);
    });
  }
}

async function cutAll({ store, random }: ServerDeps, worker: Worker, id: string): Promise<void> {
  for (let more = true; more;) {
    const nothingBefore = await worker.step(() => store.nothingBefore(id));
    more = await worker.step(() => store.cut(id, nothingBefore, 1 + random.below(5)));
  }
}

/** One lease in so many runs out while its holder is still at work, or right after its holder died. */
const RUN_OUT = 8;

async function lease(
  { store, random }: ServerDeps,
  worker: Worker,
  tried: ReadonlySet<Batch>,
): Promise<Batch | undefined> {
  const isFree = ({ holder, leasedAt }: Batch): boolean =>
    holder === undefined || leasedAt < store.now || random.below(RUN_OUT) === 0;
  for (;;)
    try {
      return await worker.step(() => {
        const free = store.batches.filter(
          (batch) => !batch.isFinished && !tried.has(batch) && isFree(batch),
        );
        const batch = free[random.below(free.length || 1)];
        if (batch !== undefined) [batch.holder, batch.leasedAt] = [worker, store.now];
        return batch;
      });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
}

async function workOn(deps: ServerDeps, worker: Worker, batch: Batch): Promise<void> {
  try {
    const { selection } = await settledContents(
      readingDeps(deps, worker),
      batchOf(batch),
      new AbortController().signal,
    );
    const { keys, revisions } = selection;
    const contents = new Set([...keysOf(keys.records), ...keysOf(revisions.records)]);
    batch.contents ??= contents;
    if (!areSame(batch.contents, contents)) deps.onDifference(batch);
    await worker.step(() => {
      if (batch.holder === worker) batch.isFinished = true;
    });
  } finally {
    if (batch.holder === worker) batch.holder = undefined;
  }
}

/** Windows are read in so many parts, one after another, while others go on writing. */
const PARTS = 2;

const readingDeps = (deps: ServerDeps, worker: Worker): Parameters<typeof settledContents>[0] => ({
  readKeyBatches: async function* (windows) {
    for (let part = 0; part < PARTS; part++)
      yield await worker.step(() =>
        deps.store.held(windows).filter(({ id }) => id.charCodeAt(0) % PARTS === part),
      );
  },
  planOf: async (t) => await Promise.resolve(deps.store.planOf(t)),
  cells: cellStore(deps, worker),
  generatorOf: async (plan) => await Promise.resolve(generatorOf(deps, plan)),
  revisionsOf: async (plan) => await Promise.resolve(revisionsOf(deps, worker, plan)),
  random: deps.random,
});

/** Finds and revises generated documents as the server does. What a cell is short of is noted. */
function revisionsOf(deps: ServerDeps, worker: Worker, plan: Plan): Revise {
  const { store, random } = deps;
  const reading = {
    readKeyBatches: async function* (span: Parameters<typeof store.held>[0]) {
      // Most spans are empty, and a turn there would show nothing.
      if (store.held(span).length > 0) yield await worker.step(() => store.held(span));
    },
    cells: cellStore(deps, worker),
  };
  return {
    candidates: (cell) =>
      revisableDocuments({ ...reading, random, retention: RETENTION }, plan, cell),
    revise: ({ cell }, candidates, count) =>
      candidates
        .filter(({ window }) => window < cell.end - HOUR)
        .slice(0, count)
        .map((one) => revisionOf(deps, cell, one)),
    onShortage: ({ id }) => store.short.add(id),
  };
}

/** Its keys have numbers of their own, so that they are told from those that they revise; `app` says what they are of. */
function revisionOf({ newKeys }: ServerDeps, { end }: Cell, one: KeyBatch): RevisedDocument {
  const { id, regions, traveler } = one;
  const window = unixMillis(end - HOUR);
  const records = newKeys(one.records.length / RECORD_BYTES);
  return { of: id, document: { regions, traveler, app: id, window, records } };
}

/** Settled cells, as the server's own store keeps them. */
const cellStore = ({ store, random }: ServerDeps, worker: Worker): CellStore => ({
  settledWith: async (ids) => await worker.step(() => ids.map((id) => store.cells.get(id))),
  begin: async ({ id }) =>
    await worker.step(() => {
      const isNew = !store.begun.has(id);
      store.begun.add(id);
      return isNew;
    }),
  write: async (cell, attempt, documents) => {
    const made = documents.map((one): KeyBatch => ({
      ...one,
      ...{ id: randomId(random), kind: cell.kind, origin: 'padding' },
      sourceId: paddingSource(cell.id, attempt),
    }));
    for (let at = 0; at < made.length;) {
      const group = made.slice(at, (at += 1 + random.below(4)));
      const isOpen = await worker.step(() => {
        if (store.cells.has(cell.id)) return false;
        for (const one of group) store.add(one);
        return true;
      });
      if (!isOpen) return undefined;
    }
    return made;
  },
  claim: async (ids) =>
    await worker.step(() => {
      const fresh = ids.filter((id) => !store.revised.has(id));
      for (const id of fresh) store.revised.add(id);
      return new Set(fresh);
    }),
  name: async ({ id }, settled) => {
    try {
      return await worker.step(() => {
        const known = store.cells.get(id);
        if (known === undefined) store.cells.set(id, settled);
        return known === undefined || known.attempt === settled.attempt;
      });
    } catch (failure) {
      // Who never hears that it settled a cell cannot say what is missing there.
      if (store.cells.get(id)?.attempt === settled.attempt) store.short.add(id);
      throw failure;
    }
  },
});

/** Documents of a few keys, of the audiences of the cell. */
function generatorOf({ random, newKeys }: ServerDeps, plan: Plan): Generate {
  return ({ cell, documents }, missing) => {
    const audiences = documents.length > 0 ? documents : publishersOf(plan, cell);
    const hours = (cell.end - cell.start) / HOUR;
    const made: KeyDocument[] = [];
    for (let left = missing.keys; left > 0 || made.length < missing.documents;) {
      const count = 1 + random.below(6);
      const audience = audiences[random.below(audiences.length)];
      if (audience === undefined) throw new Error('a cell that nobody could fill is filled');
      const { regions, traveler, app } = audience;
      const window = unixMillis(cell.start + random.below(hours) * HOUR);
      made.push({ window, regions, traveler, app, records: newKeys(count) });
      left -= count;
    }
    return made;
  };
}

/** The keys of packed records: here they are just numbers. */
export function keysOf(records: Uint8Array): ReadonlySet<number> {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const keys = new Set<number>();
  for (let at = 0; at < records.length; at += RECORD_BYTES) keys.add(view.getUint32(at));
  return keys;
}

const areSame = (a: ReadonlySet<number>, b: ReadonlySet<number>): boolean =>
  a.size === b.size && [...a].every((key) => b.has(key));

const batchOf = ({ config, start, end }: Batch): ExportBatch => ({
  ...{ id: 'batch', config, start, end, attempt: 0, fence: 0 },
  ...{ state: 'open', leaseExpires: unixMillis(0), frozen: undefined, files: [] },
});

async function passOverFailure(part: () => Promise<void>): Promise<void> {
  try {
    await part();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}
