import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '@keyserver/random';
import { seededRandom } from '@keyserver/random/testing';
import { SECOND } from '@keyserver/time';
import {
  type PublishedFile,
  type SentUpload,
  batchProblems,
  objectProblems,
  paddingProblems,
  repetitionProblems,
  uploadProblems,
} from './checks.ts';
import { EXPORTS, type KillWorld, MOST_PADDING, openKillWorld } from './kill-world.ts';
import { type PhoneReport, phone } from './phones.ts';

const KILLS = process.env['SOAK'] === '1' ? 50 : 12;
// A few kills may miss a kind of moment; they go on until every kind was hit, but not for ever.
const MOST_KILLS = 5 * KILLS;
const SEED = process.env['KILL_SEED'] ?? randomUUID();
const PHONES = 4;
const LONGEST_LIFE_MS = 2000;

process.stderr.write(`KILL_SEED=${SEED}\n`); // the same moments again, as far as a machine repeats itself

let world: KillWorld;

async function runJobs(stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    await world.startJob('/create-batches');
    await world.startJob('/do-work');
    await pause(100);
  }
}

/** Waits, not for ever, for a batch with fixed contents whose files are not yet recorded, or not yet listed. */
async function untilHalfDone(wanted: 'open' | 'stored'): Promise<void> {
  for (let looks = 0; looks < 500; looks++) {
    const batches = await world.batches();
    if (batches.some(({ state, frozen }) => state === wanted && frozen)) return;
    await pause(2);
  }
}

const attempts = new EventEmitter();

/** Moments at which most can go wrong: an upload or a batch is under way. */
const moments = {
  publish: async (random: Random): Promise<void> => {
    await Promise.race([once(attempts, 'sending'), pause(SECOND)]);
    await pause(random.below(20));
  },
  export: async (random: Random): Promise<void> => {
    const { clock, periods, speed } = world.ground;
    await pause((periods.fast - (clock.now() % periods.fast)) / speed);
    if (random.below(3) === 0) await pause(random.below(400));
    else await untilHalfDone(random.below(2) === 0 ? 'open' : 'stored');
    await pause(random.below(20));
  },
};

async function killAtRandom(isEnough: (kills: number) => boolean): Promise<void> {
  const random = seededRandom(SEED);
  for (let n = 0; n < MOST_KILLS && !isEnough(n); n++) {
    const victim = random.below(5) < 2 ? 'publish' : 'export';
    await pause(random.below(LONGEST_LIFE_MS)); // also while a service is still starting
    if (random.below(4) > 0) await moments[victim](random);
    world[victim].kill();
  }
}

/** The first batch of an export is the newest that is due then; what comes after it is the exports' business. */
async function firstBatches(): Promise<void> {
  await Promise.all([world.publish.ready(), world.export.ready()]);
  while (new Set((await world.batches()).map(({ config }) => config)).size < EXPORTS.length)
    await world.startJob('/create-batches');
}

/** Runs jobs until every window up to now is exported; answers how the jobs went. */
async function drain(): Promise<readonly number[]> {
  await Promise.all([world.publish.ready(), world.export.ready()]);
  const { store, periods } = world.ground;
  const now = await store.now();
  const until = now - (now % periods.slow) + periods.slow;
  const statuses: number[] = [];
  for (;;) {
    statuses.push(await world.startJob('/create-batches'), await world.startJob('/do-work'));
    const batches = await world.batches();
    const open = batches.some(({ state }) => state === 'open' || state === 'stored');
    const covered = EXPORTS.every((id) =>
      batches.some(({ config, end }) => config === id && end >= until),
    );
    if (covered && !open) return statuses;
    await pause(200);
  }
}

/** Whether uploads whose answer was lost were stored, were not stored, and were never sent again. */
const wasHit = ({ retries: { taken, known, abandoned } }: PhoneReport): boolean =>
  Math.min(taken, known, abandoned) > 0;

describe.each(['local', 'gcp'] as const)(
  `a server on %s, killed ${KILLS} times or more`,
  (platform) => {
    const report: PhoneReport = {
      uploads: [],
      retries: { taken: 0, known: 0, abandoned: 0 },
      surprises: [],
    };
    let statuses: readonly number[] = [];
    const files: Record<string, readonly PublishedFile[]> = {};

    afterAll(async () => {
      await world.close();
    });

    beforeAll(async () => {
      world = await openKillWorld(platform);
      await firstBatches();
      const [phones, jobs, watching] = Array.from({ length: 3 }, () => new AbortController());
      const sending = Array.from({ length: PHONES }, async (_, n) => {
        const sending = (): void => {
          attempts.emit('sending');
        };
        const settings = world.phoneSettings({ random: seededRandom(`${SEED}/${n}`), sending });
        await phone(settings, report, phones!.signal);
      });
      const working = [runJobs(jobs!.signal), runJobs(jobs!.signal)];
      const followed = EXPORTS.map(async (id) => {
        await world.watches[id].follow(watching!.signal);
      });
      await killAtRandom((kills) => kills >= KILLS && wasHit(report));
      phones!.abort();
      await Promise.all(sending);
      jobs!.abort();
      await Promise.all(working);
      statuses = await drain();
      watching!.abort();
      await Promise.all(followed);
      for (const id of EXPORTS) files[id] = await world.watches[id].finish();
    });

    it('was hit while it worked', () => {
      expect(report.uploads.length).toBeGreaterThan(KILLS);
      expect(report.uploads.some(({ outcome }) => outcome === 'stored')).toBe(true);
      expect(wasHit(report)).toBe(true);
      for (const id of EXPORTS) expect(files[id]!.length).toBeGreaterThan(1);
    });

    it('never ended by itself, and surprised no phone', () => {
      expect([...world.publish.troubles, ...world.export.troubles, ...report.surprises]).toEqual(
        [],
      );
    });

    it('finishes what is left once nobody kills it', () => {
      expect(statuses.filter((status) => status !== 200)).toEqual([]);
    });

    it.each(EXPORTS)('has each key in exactly one file of the %s export', async (id) => {
      const { padding } = await world.storedKeys();
      expect(uploadProblems(report.uploads, files[id]!, padding)).toEqual([]);
    });

    it('has the same generated keys of each cell in the files of both exports', async () => {
      const seen = await world.cells();
      expect(seen.cells.length).toBeGreaterThan(1);
      expect(paddingProblems(seen, files)).toEqual([]);
    });

    it('stores each key once, also those that are still valid', async () => {
      const { uploaded } = await world.storedKeys();
      const whole = report.uploads.map(({ outcome, ended, valid }): SentUpload => ({
        ...{ outcome, valid: [] },
        ended: [...ended, ...valid],
      }));
      const stored = { name: 'the key store', keys: uploaded };
      expect(uploadProblems(whole, [stored], new Set())).toEqual([]);
    });

    it.each(EXPORTS)('lists whole files that never change in the index of the %s export', (id) => {
      expect(world.watches[id].listings.length).toBeGreaterThan(1);
      expect(objectProblems(world.watches[id])).toEqual([]);
    });

    it(
      'changes nothing when every job runs again',
      async () => {
        const before = await world.snapshot();
        expect(batchProblems(before.batches, before.seen, MOST_PADDING)).toEqual([]);
        const again = await drain();
        expect(again.filter((status) => status !== 200)).toEqual([]);
        expect(repetitionProblems(before, await world.snapshot())).toEqual([]);
      },
      60 * SECOND,
    );
  },
);
