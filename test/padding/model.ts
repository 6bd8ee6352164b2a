import type { ExportConfig } from '@keyserver/export-file';
import { type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import { asItTakesEffect, planStart, shareKeys } from '@keyserver/padding';
import { type Random, randomId } from '@keyserver/random';
import { DAY, HOUR, type UnixMillis, unixMillis } from '@keyserver/time';
import type { Wanted } from './expected-plans.ts';
import { type Batch, ModelStore, REGIONS, windowOf } from './model-store.ts';
import { type ServerDeps, work } from './server.ts';
import { Turns } from './turns.ts';

/** Short ones are rarer: they give many batches with nothing in them. */
const PERIODS = [1, 2, 4, 4, 8, 8, 24, 24].map((hours) => hours * HOUR);
const ORIGINS = ['local', 'local', 'local', 'local', 'federated', 'imported'] as const;
const MOST_WORKERS = 3;

/**
 * The rule of plans, cells and settling over a store in memory, with everything around it drawn at random: configurations and
 * their changes, uploads, outages, and workers that take turns at their steps, die at any of them, or meet calls that fail.
 * The rule itself is the server's own code.
 */
export class PaddingModel {
  readonly store = new ModelStore();
  /** Batches in which two workers found different keys. */
  readonly differences: Batch[] = [];
  /** Changes of exports, in their order. */
  readonly wanted: Wanted[] = [];
  private readonly random: Random;
  private readonly turns: Turns;
  private readonly deps: ServerDeps;
  private keys = 0;
  /** One step in so many fails or kills the worker that takes it; 0 harms nobody. */
  private deadly = 0;

  constructor(random: Random) {
    this.random = random;
    this.turns = new Turns(random);
    this.deps = {
      ...{ store: this.store, random, newKeys: (count) => this.newKeys(count) },
      onDifference: (batch) => this.differences.push(batch),
    };
    for (let first = 1 + random.below(3); first > 0; first--) this.change();
  }

  /** Something happens: an upload, a change, time that passes, or some steps of workers. */
  async step(): Promise<void> {
    const dice = this.random.below(20);
    if (dice < 8) this.upload();
    else if (dice < 9) this.change();
    else if (dice < 13) this.pass();
    else await this.advance();
  }

  /** Days pass without any fault, until everything that was begun is over, and two workers have done the rest. */
  async settle(): Promise<void> {
    this.deadly = 0;
    this.store.now = unixMillis(planStart(this.store.now, DAY) + 2 * DAY);
    for (const together of [2, 1]) {
      this.store.now = unixMillis(this.store.now + HOUR); // by then every lease has run out
      for (let n = 0; n < together; n++) await this.start();
      while (await this.turns.next(0));
    }
    this.store.keepPlans(this.store.documents.map(({ window }) => window));
  }

  private async start(): Promise<void> {
    await this.turns.start(async (worker) => {
      await work(this.deps, worker);
    });
  }

  private async advance(): Promise<void> {
    const { random, turns } = this;
    while (turns.atWork < MOST_WORKERS && random.below(3) > 0) await this.start();
    if (random.below(4) === 0) this.deadly = random.below(2) * (5 + random.below(40));
    for (let steps = random.below(60); steps > 0; steps--)
      if (!(await turns.next(this.deadly))) return;
  }

  private upload(): void {
    const { random, store } = this;
    const regions = REGIONS.filter(() => random.below(2) === 0);
    const one = {
      kind: random.below(6) === 0 ? 'revision' : 'primary',
      ...{ sourceId: '', app: 'app', traveler: random.below(3) === 0 },
      origin: ORIGINS[random.below(ORIGINS.length)] ?? 'local',
      regions: regions.length === 0 ? ['A'] : regions,
    } satisfies Partial<KeyBatch>;
    for (const window of [windowOf(store.now), ...this.heldBack()]) {
      const records = this.newKeys(1 + random.below(3));
      store.add({ ...one, id: randomId(random), window, records });
    }
  }

  /** Where the last key of an upload waits for its end: mostly the next midnight. */
  private heldBack(): readonly UnixMillis[] {
    const { random, store } = this;
    if (random.below(3) > 0) return [];
    const midnight = planStart(unixMillis(store.now + DAY), DAY);
    return [random.below(4) > 0 ? midnight : windowOf(store.now + random.below(24) * HOUR)];
  }

  private newKeys(count: number): Uint8Array {
    const records = Buffer.alloc(RECORD_BYTES * count);
    for (let n = 0; n < count; n++) records.writeUInt32BE(this.keys++, n * RECORD_BYTES);
    return records;
  }

  private pass(): void {
    const isOutage = this.random.below(12) === 0;
    const hours = 1 + this.random.below(isOutage ? 60 : 5);
    this.store.now = unixMillis(this.store.now + hours * HOUR);
  }

  /** An export is added, edited, ended or opened again, as an operator may. */
  private change(): void {
    const { store } = this;
    const id = `e${this.random.below(5)}`;
    const before = store.exports.get(id);
    const { changesFrom: midnight, now } = store;
    const config = this.drawExport(id, before);
    const after = asItTakesEffect(config, before, { span: DAY, midnight, now });
    const others = [...store.exports.values()].filter((one) => one.id !== id);
    const isRefused = others.some(
      (other) => shareKeys(after, other) && !divide(after.period, other.period),
    );
    if (isRefused) return;
    store.change(after);
    this.wanted.push({ at: now, isEarly: midnight === undefined, config });
  }

  private drawExport(id: string, before: ExportConfig | undefined): ExportConfig {
    const { random, store } = this;
    const some = (): readonly string[] => REGIONS.filter(() => random.below(3) === 0);
    const travelers = random.below(3);
    const around = (most: number): UnixMillis =>
      unixMillis(store.now + (random.below(most) - 24) * HOUR);
    return {
      ...{ id, bucket: 'b', filenameRoot: id, signingKeys: [], maxRecords: 1000 },
      outputRegion: REGIONS[random.below(REGIONS.length)] ?? 'A',
      inputRegions: some(),
      excludeRegions: some().slice(0, 1),
      includeTravelers: travelers === 1,
      onlyNonTravelers: travelers === 2,
      period: PERIODS[random.below(PERIODS.length)] ?? HOUR,
      from: before !== undefined && random.below(4) > 0 ? before.from : around(48),
      thru: random.below(4) === 0 ? around(96) : undefined,
      minRecords: random.below(8) * 5,
      paddingRange: random.below(5),
      padEmpty: random.below(6) === 0,
    };
  }
}

const divide = (a: number, b: number): boolean => a % b === 0 || b % a === 0;
