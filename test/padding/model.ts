import { settledContents } from '@keyserver/export/testing';
import { type ExportBatch, type ExportConfig, takerOf } from '@keyserver/export-file';
import { type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import {
  type CellStore,
  type ExportVersion,
  type KeyDocument,
  type Plan,
  type Settled,
  asItTakesEffect,
  cellFinder,
  cutStart,
  exportsInForce,
  midnightAfter,
  nextCut,
  paddingSource,
  planStart,
  publishersOf,
  shareKeys,
} from '@keyserver/padding';
import { type Random, randomId } from '@keyserver/random';
import {
  DAY,
  HOUR,
  type UnixMillis,
  alwaysWindow,
  unixMillis,
  windowLength,
} from '@keyserver/time';

/** A worker dies where this is thrown. */
class Crash extends Error {}

/** A batch of the model. */
export interface Batch {
  readonly config: ExportConfig;
  readonly start: UnixMillis;
  readonly end: UnixMillis;
  /** The keys in its files, once these are made. */
  contents: ReadonlySet<number> | undefined;
}

const REGIONS = ['A', 'B', 'C'] as const;
const PERIODS = [1, 2, 4, 8, 24].map((hours) => hours * HOUR);
const LENGTH = windowLength(HOUR);
if (LENGTH === undefined) throw new Error('an hour is a window');
const WINDOWS = alwaysWindow(LENGTH);
/** More than any run lasts. */
const RETENTION = 30 * DAY;
const BEGIN = unixMillis(Date.UTC(2026, 0, 10, 9));

/**
 * The rule of plans, cells and settling over a store in memory, with everything around it drawn at random: configurations and
 * their changes, uploads, outages, and workers that die at any step. The rule itself is the server's own code.
 */
export class PaddingModel {
  readonly documents: KeyBatch[] = [];
  readonly batches: Batch[] = [];
  readonly cells = new Map<string, Settled>();
  private readonly random: Random;
  private readonly stored = new Map<string, ExportConfig>();
  private readonly versions: ExportVersion[] = [];
  private readonly plans = new Map<UnixMillis, Plan>();
  private readonly covered = new Map<string, UnixMillis>();
  private now = BEGIN;
  private keys = 0;
  /** One step in so many kills the worker that takes it; 0 kills nobody. */
  private deadly = 0;

  constructor(random: Random) {
    this.random = random;
    const first = 1 + random.below(3);
    for (let n = 0; n < first; n++) this.change();
  }

  /** Something happens: an upload, a change, time that passes, or a job that may die. */
  async step(): Promise<void> {
    const dice = this.random.below(20);
    if (dice < 9) this.upload();
    else if (dice < 10) this.change();
    else if (dice < 15) this.pass();
    else {
      this.deadly = this.random.below(2) * (2 + this.random.below(12));
      await this.work().catch(passOverCrash);
    }
  }

  /** Days pass without any fault, until everything is done. */
  async settle(): Promise<void> {
    this.deadly = 0;
    this.now = unixMillis(this.now + 3 * DAY);
    await this.work();
  }

  /** The plan of the day that an instant lies in. */
  planOf(t: UnixMillis): Plan {
    const start = planStart(t, DAY);
    const known = this.plans.get(start);
    if (known !== undefined) return known;
    const exports = exportsInForce(this.allVersions(), start, DAY);
    const publishers = REGIONS.map((region) => ({
      ...{ app: region, regions: [region], authority: undefined },
    }));
    return { start, end: unixMillis(start + DAY), exports, publishers };
  }

  private allVersions(): readonly ExportVersion[] {
    return [...this.stored.values()].flatMap((config) => {
      const own = this.versions.filter((version) => version.config.id === config.id);
      return own.length === 0 ? [{ from: unixMillis(0), config }] : own;
    });
  }

  private upload(): void {
    const regions = REGIONS.filter(() => this.random.below(2) === 0);
    const windows = [this.now, ...(this.random.below(3) === 0 ? [this.now + DAY] : [])];
    const origin = (['local', 'local', 'local', 'federated'] as const)[this.random.below(4)];
    const traveler = this.random.below(3) === 0;
    for (const at of windows)
      this.documents.push({
        id: randomId(this.random),
        // The last key of an upload waits for its end: the next midnight.
        window: at === this.now ? windowOf(at) : planStart(unixMillis(at), DAY),
        ...{ kind: 'primary', origin: origin ?? 'local', sourceId: '', traveler, app: 'app' },
        regions: regions.length === 0 ? ['A'] : regions,
        records: this.newKeys(1 + this.random.below(3)),
      });
  }

  private newKeys(count: number): Uint8Array {
    const records = Buffer.alloc(RECORD_BYTES * count);
    for (let n = 0; n < count; n++) records.writeUInt32BE(this.keys++, n * RECORD_BYTES);
    return records;
  }

  private pass(): void {
    const outage = this.random.below(12) === 0;
    this.now = unixMillis(this.now + (1 + this.random.below(outage ? 60 : 5)) * HOUR);
  }

  /** An export is added, edited, ended or opened again, as an operator may. */
  private change(): void {
    const id = `e${this.random.below(5)}`;
    const before = this.stored.get(id);
    const midnight =
      this.plans.size + this.covered.size === 0 ? undefined : midnightAfter(this.now, DAY);
    const effect = { span: DAY, midnight, now: this.now } as const;
    const after = asItTakesEffect(this.drawExport(id, before), before, effect);
    const others = [...this.stored.values()].filter((one) => one.id !== id);
    if (others.some((other) => shareKeys(after, other) && !divide(after.period, other.period)))
      return;
    if (midnight !== undefined) {
      const old = this.allVersions().filter(({ config }) => config.id === id);
      this.keep([...old.filter(({ from }) => from === 0), { from: midnight, config: after }], id);
    }
    this.stored.set(id, after);
  }

  private keep(written: readonly ExportVersion[], id: string): void {
    const froms = new Set(written.map(({ from }) => from));
    const left = this.versions.filter(
      (version) => version.config.id !== id || !froms.has(version.from),
    );
    this.versions.splice(0, Infinity, ...left, ...written);
  }

  private drawExport(id: string, before: ExportConfig | undefined): ExportConfig {
    const some = (): readonly string[] => REGIONS.filter(() => this.random.below(3) === 0);
    const travelers = this.random.below(3);
    const hours = (most: number): UnixMillis =>
      unixMillis(this.now + (this.random.below(most) - 24) * HOUR);
    return {
      ...{ id, bucket: 'b', filenameRoot: id, signingKeys: [], maxRecords: 1000 },
      outputRegion: REGIONS[this.random.below(REGIONS.length)] ?? 'A',
      inputRegions: some(),
      excludeRegions: some().slice(0, 1),
      includeTravelers: travelers === 1,
      onlyNonTravelers: travelers === 2,
      period: PERIODS[this.random.below(PERIODS.length)] ?? HOUR,
      from: before?.from ?? hours(48),
      thru: this.random.below(4) === 0 ? hours(96) : undefined,
      minRecords: this.random.below(8) * 5,
      paddingRange: this.random.below(5),
      padEmpty: this.random.below(6) === 0,
    };
  }

  private async work(): Promise<void> {
    for (const config of this.stored.values()) this.cut(config);
    const open = this.batches.filter(({ contents }) => contents === undefined);
    while (open.length > 0) {
      const [batch] = open.splice(this.random.below(open.length), 1);
      if (batch !== undefined) await this.freeze(batch);
    }
  }

  private cut(config: ExportConfig): void {
    const closed = windowOf(this.now);
    for (;;) {
      const held = this.documents.map(({ window }) => window);
      const nothingBefore = unixMillis(Math.min(closed, ...held));
      const covered = this.covered.get(config.id);
      const at = covered === undefined ? nothingBefore : unixMillis(this.now - RETENTION);
      const from = cutStart(config, { covered, nothingBefore: at, closed, span: DAY });
      if (from >= closed) return;
      const plan = this.planOf(from);
      const versions = this.allVersions().filter((version) => version.config.id === config.id);
      const limit = 1 + this.random.below(5);
      const cut = { from, plan, closed, windows: WINDOWS, limit, versions, span: DAY } as const;
      const due = nextCut(config.id, cut);
      if (due === undefined) return;
      this.mayDie();
      this.plans.set(plan.start, plan);
      this.covered.set(config.id, due.coveredUntil);
      const planned = plan.exports.find(({ id }) => id === config.id);
      for (const span of due.spans)
        this.batches.push({ ...span, config: planned ?? config, contents: undefined });
      this.mayDie();
    }
  }

  private async freeze(batch: Batch): Promise<void> {
    const deps = {
      readKeyBatches: ({ from, until }: { from: number; until: number }) =>
        pages(this.documents.filter(({ window }) => from <= window && window < until)),
      planOf: async (t: UnixMillis) => await Promise.resolve(this.planOf(t)),
      cells: this.cellStore(),
      generatorOf: async (plan: Plan) => await Promise.resolve(this.generatorOf(plan)),
      random: this.random,
    };
    const { signal } = new AbortController();
    const { selection } = await settledContents(deps, batchOf(batch), signal);
    this.mayDie();
    batch.contents = keysOf(selection.keys.records);
  }

  private generatorOf(plan: Plan) {
    return (
      {
        cell,
        documents,
      }: { cell: Parameters<typeof publishersOf>[1]; documents: readonly KeyDocument[] },
      keys: number,
    ): readonly KeyDocument[] => {
      const audiences = documents.length > 0 ? documents : publishersOf(plan, cell);
      const made: KeyDocument[] = [];
      for (let left = keys; left > 0;) {
        const count = 1 + this.random.below(6);
        const audience = audiences[this.random.below(audiences.length)];
        if (audience === undefined) throw new Error('a cell that nobody could fill is filled');
        const hours = (cell.end - cell.start) / HOUR;
        made.push({
          window: unixMillis(cell.start + this.random.below(hours) * HOUR),
          ...{ regions: audience.regions, traveler: audience.traveler, app: audience.app },
          records: this.newKeys(count),
        });
        left -= count;
      }
      return made;
    };
  }

  private cellStore(): CellStore {
    const step = async <T>(work: () => T): Promise<T> => {
      this.mayDie();
      const done = work();
      this.mayDie();
      return await Promise.resolve(done);
    };
    return {
      settledWith: async (ids) => await step(() => ids.map((id) => this.cells.get(id))),
      begin: async () => {
        await step(() => undefined);
      },
      write: async (cell, attempt, documents) => {
        const made = documents.map((one): KeyBatch => ({
          ...one,
          ...{ id: randomId(this.random), kind: 'primary', origin: 'padding' },
          sourceId: paddingSource(cell.id, attempt),
        }));
        for (const one of made) {
          this.mayDie();
          if (this.cells.has(cell.id)) return undefined;
          this.documents.push(one);
        }
        return await Promise.resolve(made);
      },
      name: async ({ id }, settled) =>
        await step(() => {
          const known = this.cells.get(id);
          if (known === undefined) this.cells.set(id, settled);
          return known === undefined || known.attempt === settled.attempt;
        }),
    };
  }

  private mayDie(): void {
    if (this.deadly > 0 && this.random.below(this.deadly) === 0) throw new Crash();
  }

  /** Whether an export of the day takes a document. */
  takers(document: KeyBatch): readonly ExportConfig[] {
    return this.planOf(document.window).exports.filter((config) => takerOf(config)(document));
  }

  /** The cell of a document. */
  cellOf(document: KeyBatch): ReturnType<ReturnType<typeof cellFinder>> {
    return cellFinder(this.planOf(document.window))(document);
  }
}

const windowOf = (t: number): UnixMillis => unixMillis(Math.floor(t / HOUR) * HOUR);

/** The keys of packed records: here they are just numbers. */
export function keysOf(records: Uint8Array): ReadonlySet<number> {
  const view = Buffer.from(records.buffer, records.byteOffset, records.byteLength);
  const keys = new Set<number>();
  for (let at = 0; at < view.length; at += RECORD_BYTES) keys.add(view.readUInt32BE(at));
  return keys;
}

const divide = (a: number, b: number): boolean => a % b === 0 || b % a === 0;

function passOverCrash(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}

async function* pages(documents: readonly KeyBatch[]): AsyncGenerator<readonly KeyBatch[]> {
  yield await Promise.resolve(documents);
}

const batchOf = ({ config, start, end }: Batch): ExportBatch => ({
  ...{ id: 'batch', config, start, end, attempt: 0, fence: 0 },
  ...{ state: 'open', leaseExpires: unixMillis(0), frozen: undefined, files: [] },
});
