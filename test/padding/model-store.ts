import type { ExportConfig } from '@keyserver/export-file';
import type { KeyBatch } from '@keyserver/exposure-keys';
import {
  type Cell,
  type ExportVersion,
  type FindCell,
  type Plan,
  type Settled,
  cellFinder,
  cutStart,
  exportsInForce,
  midnightAfter,
  nextCut,
  nextInForce,
  planStart,
} from '@keyserver/padding';
import {
  DAY,
  HOUR,
  type UnixMillis,
  alwaysWindow,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import type { Worker } from './turns.ts';

const LENGTH = windowLength(HOUR);
if (LENGTH === undefined) throw new Error('an hour is a window');
const WINDOWS = alwaysWindow(LENGTH);
/** More than any history lasts. */
export const RETENTION = 30 * DAY;

/** The window that an instant lies in. */
export const windowOf = (t: number): UnixMillis => unixMillis(Math.floor(t / HOUR) * HOUR);

/** A batch of an export. */
export interface Batch {
  readonly config: ExportConfig;
  readonly start: UnixMillis;
  readonly end: UnixMillis;
  /** Who works on it, or did so last. */
  holder: Worker | undefined;
  leasedAt: UnixMillis;
  /** The keys in its files, as whoever came first found them. */
  contents: ReadonlySet<number> | undefined;
  isFinished: boolean;
}

export const REGIONS = ['A', 'B', 'C'] as const;
const PUBLISHERS = REGIONS.map((region) => ({
  ...{ app: region, regions: [region], authority: undefined },
}));

/** What the server keeps, in memory. Each method is one transaction. Plans and cuts are worked out by the server's own code. */
export class ModelStore {
  now = unixMillis(Date.UTC(2026, 0, 10, 9));
  readonly documents: KeyBatch[] = [];
  readonly batches: Batch[] = [];
  readonly cells = new Map<string, Settled>();
  /** Generated documents that somebody claimed to revise. */
  readonly revised = new Set<string>();
  /** Cells of which it was said that too few generated documents are revised in them. */
  readonly short = new Set<string>();
  /** Ids of the cells that somebody began to count. */
  readonly begun = new Set<string>();
  readonly exports = new Map<string, ExportConfig>();
  readonly plans = new Map<UnixMillis, Plan>();
  private readonly byWindow = new Map<UnixMillis, KeyBatch[]>();
  private readonly versions: ExportVersion[] = [];
  private readonly covered = new Map<string, UnixMillis>();
  private readonly finders = new WeakMap<Plan, FindCell>();

  /** Keeps a document. */
  add(document: KeyBatch): void {
    this.documents.push(document);
    const others = this.byWindow.get(document.window);
    if (others === undefined) this.byWindow.set(document.window, [document]);
    else others.push(document);
  }

  /** What is kept of these windows now. */
  held({ from, until }: { readonly from: number; readonly until: number }): readonly KeyBatch[] {
    const found: KeyBatch[] = [];
    for (let at = windowOf(from); at < until; at = unixMillis(at + HOUR))
      found.push(...(this.byWindow.get(at) ?? []));
    return found;
  }

  /** The plan of the day that an instant lies in; one that is not kept is as it would be now. */
  planOf(t: UnixMillis): Plan {
    const start = planStart(t, DAY);
    const known = this.plans.get(start);
    if (known !== undefined) return known;
    const exports = exportsInForce(this.allVersions(), start, DAY);
    const publishers = exports.some(({ padEmpty }) => padEmpty) ? PUBLISHERS : [];
    return { start, end: unixMillis(start + DAY), exports, publishers, partners: [] };
  }

  /** Keeps the plan of each day that began, so that all are the same from now on. */
  keepPlans(days: Iterable<UnixMillis>): void {
    for (const day of days) this.keep(this.planOf(day));
  }

  /** The cell of a document; undefined when no export takes it. */
  cellOf(document: Parameters<FindCell>[0]): Cell | undefined {
    const plan = this.planOf(document.window);
    const find = this.finders.get(plan) ?? cellFinder(plan);
    this.finders.set(plan, find);
    return find(document);
  }

  private keep(plan: Plan): void {
    if (!this.plans.has(plan.start)) this.plans.set(plan.start, plan);
  }

  /** When a change of exports takes effect; undefined when it does at once. */
  get changesFrom(): UnixMillis | undefined {
    return this.plans.size + this.covered.size === 0 ? undefined : midnightAfter(this.now, DAY);
  }

  /** Changes an export, or adds it, from a midnight on. */
  change(config: ExportConfig): void {
    const { id } = config;
    const midnight = this.changesFrom;
    if (midnight !== undefined) {
      const first = this.versionsOf(id).filter(({ from }) => from === 0);
      const written = [...first, { from: midnight, config }];
      const froms = new Set(written.map(({ from }) => from));
      const left = this.versions.filter((one) => one.config.id !== id || !froms.has(one.from));
      this.versions.splice(0, Infinity, ...left, ...written);
    }
    this.exports.set(id, config);
  }

  private allVersions(): readonly ExportVersion[] {
    return [...this.exports.keys()].flatMap((id) => this.versionsOf(id));
  }

  private versionsOf(id: string): readonly ExportVersion[] {
    const config = this.exports.get(id);
    if (config === undefined) return [];
    const own = this.versions.filter((version) => version.config.id === id);
    return own.length === 0 ? [{ from: unixMillis(0), config }] : own;
  }

  /** Before it lies nothing that an export has to take, as far as can be told now. */
  nothingBefore(id: string): UnixMillis {
    if (this.covered.has(id)) return unixMillis(this.now - RETENTION);
    const closed = windowOf(this.now);
    return unixMillis(Math.min(closed, ...this.byWindow.keys()));
  }

  /** Cuts the batches of an export that are due on one day; whether more may be due. */
  cut(id: string, nothingBefore: UnixMillis, limit: number): boolean {
    const config = this.exports.get(id);
    if (config === undefined) return false;
    const closed = windowOf(this.now);
    const covered = this.covered.get(id);
    const from = cutStart(config, { covered, nothingBefore, closed, span: DAY });
    if (from >= closed) return false;
    const plan = this.planOf(from);
    const planned = plan.exports.find((one) => one.id === id);
    const reopens = nextInForce(this.versionsOf(id), plan.end, DAY);
    const cut = { planned, from, dayEnd: plan.end, closed, windows: WINDOWS, limit, reopens };
    const due = nextCut(cut);
    if (due === undefined) return false;
    this.keep(plan);
    this.covered.set(id, due.coveredUntil);
    for (const span of due.spans)
      this.batches.push({
        ...{ ...span, config: planned ?? config, holder: undefined, leasedAt: this.now },
        ...{ contents: undefined, isFinished: false },
      });
    return due.coveredUntil < closed;
  }
}
