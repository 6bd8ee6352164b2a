import { type DocumentStore, StoreFault } from '@keyserver/docstore';
import { type ExportConfig, takerOf } from '@keyserver/export-file';
import { type ExposureKey, keyEnd, keyHex, releaseWindow } from '@keyserver/exposure-keys';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { systemRandom } from '@keyserver/random';
import { keyHasher, skippedCountsId, storeUploads } from '@keyserver/stores';
import {
  DAY,
  HOUR,
  MINUTE,
  type UnixMillis,
  intervalAt,
  intervalNumber,
  unixMillis,
  alwaysWindow,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import { NOON, anExport } from './testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from './testing/export-fixture.ts';

afterEach(closeTestStores);

const WINDOW = windowLength(HOUR)!;
const REGIONS = ['US', 'CA', 'MX'];

/** A key that a phone was told is stored, the window that it is released in, and how often the export was edited before. */
interface Acknowledged {
  readonly key: ExposureKey;
  readonly window: UnixMillis;
  readonly regions: readonly string[];
}

interface Server {
  readonly fixture: ExportFixture;
  /** The export as it was from the first step on, and after every edit. */
  readonly versions: ExportConfig[];
  readonly acknowledged: Acknowledged[];
  upload: ReturnType<typeof storeUploads>;
}

const starting = (store: DocumentStore, clock: ExportFixture['clock']) =>
  storeUploads(
    store,
    {
      ...{ windows: () => alwaysWindow(WINDOW), retention: 14 * DAY, maxKeyAge: 15 * DAY, clock },
      hashKey: keyHasher(Buffer.alloc(32, 1)),
      skippedCountsId: skippedCountsId(Buffer.alloc(32, 1)),
      partialRevisions: false,
    },
    systemRandom,
  );

/** The store refuses to work while clocks cannot be believed; nothing is acknowledged then. */
async function unlessClocksDiffer(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (fault) {
    if (!(fault instanceof StoreFault) || fault.code !== 'clock') throw fault;
  }
}

type Step = (server: Server) => Promise<void>;

async function publish(
  { fixture, upload, acknowledged }: Server,
  { regions, ends }: { readonly regions: readonly string[]; readonly ends: number },
): Promise<void> {
  const data = Buffer.alloc(16, 7);
  data.writeUInt32BE(acknowledged.length);
  const now = await fixture.store.now();
  const start = intervalNumber(intervalAt(now) + ends - 144);
  const onset = { risk: 1, reportType: 'confirmed', onsetDays: undefined } as const;
  const key: ExposureKey = { data, start, period: 144, ...onset };
  const outcome = await upload({
    ...{
      keys: [key],
      regions,
      traveler: false,
      app: 'app',
      authority: undefined,
      token: 'none',
      bypassToken: false,
    },
    statistics: { platform: 'ios', oldestKeyDays: 2, onsetDays: 'missing' },
  });
  expect(outcome).toMatchObject({ kind: 'stored', inserted: 1, revised: 0 });
  acknowledged.push({
    key,
    regions,
    window: releaseWindow(keyEnd(key), now, alwaysWindow(WINDOW)),
  });
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.nat(7 * HOUR).map((ms): Step => async ({ fixture }) => {
      fixture.clock.advance(ms);
      await Promise.resolve();
    }),
  },
  fc.integer({ min: -DAY, max: DAY }).map((ms): Step => async ({ fixture }) => {
    fixture.clock.set(unixMillis(fixture.clock.now() + ms));
    await Promise.resolve();
  }),
  {
    weight: 5,
    arbitrary: fc
      .record({
        regions: fc.subarray(REGIONS, { minLength: 1 }),
        ends: fc.integer({ min: -100, max: 120 }),
      })
      .map((options): Step => async (server) => {
        await unlessClocksDiffer(async () => {
          await publish(server, options);
        });
      }),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 60 }).map((limit): Step => async ({ fixture }) => {
      await unlessClocksDiffer(async () => await fixture.cut({ limit }));
    }),
  },
  fc.constant<Step>(async (server) => {
    server.upload = starting(server.fixture.store, server.fixture.clock);
    await Promise.resolve();
  }),
  fc
    .record(
      {
        period: fc.constantFrom(30 * MINUTE, HOUR, 90 * MINUTE, 4 * HOUR, DAY),
        inputRegions: fc.subarray(REGIONS, { minLength: 1 }),
        from: fc.integer({ min: -30, max: 30 }).map((n) => unixMillis(NOON + n * HOUR)),
        thru: fc.integer({ min: 31, max: 90 }).map((n) => unixMillis(NOON + n * HOUR)),
      },
      { requiredKeys: [] },
    )
    .map((edit): Step => async ({ fixture, versions }) => {
      const edited = { ...versions.at(-1)!, ...edit };
      await unlessClocksDiffer(async () => {
        await fixture.configure(edited);
        versions.push(edited);
      });
    }),
);

/** Lets time pass until everything is released, with clocks that are right again, and cuts all that is due. */
async function settle({ fixture }: Server): Promise<void> {
  const until = Math.max(fixture.clock.now(), NOON + 4 * DAY);
  for (let days = 0; days < 12; days++) {
    fixture.clock.set(unixMillis(until + days * 12 * HOUR));
    await unlessClocksDiffer(async () => await fixture.cut({ limit: 480 }));
  }
}

/** How often each key is in the batches that were cut, selected as their files would be. */
async function countsOf({ fixture }: Server): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const batches = await fixture.batches();
  const everything = { from: unixMillis(0), until: unixMillis(fixture.clock.now() + DAY) };
  for await (const page of fixture.deps.readKeyBatches(everything))
    for (const { window, regions, traveler, records } of page) {
      const found = batches.filter(
        ({ start, end, config }) =>
          start <= window && window < end && takerOf(config)({ regions, traveler }),
      );
      counts.set(Buffer.from(records.subarray(0, 16)).toString('hex'), found.length);
    }
  return counts;
}

/** Whether every version of the export promised this key: its regions, and a span that its window lies in. */
const isPromised = (
  { window, regions }: Acknowledged,
  versions: readonly ExportConfig[],
): boolean =>
  versions.every(
    (config) =>
      takerOf(config)({ regions, traveler: false }) &&
      config.from < window + WINDOW &&
      window < (config.thru ?? Infinity),
  );

it('finds each key that was acknowledged once in the batches of an export, whatever happens meanwhile', async () => {
  let promised = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 12, maxLength: 30 }), async (history) => {
      const fixture = await openExportFixture();
      const config = anExport({ inputRegions: ['US', 'CA'], from: unixMillis(NOON - 20 * HOUR) });
      await fixture.configure(config);
      const upload = starting(fixture.store, fixture.clock);
      const server: Server = { fixture, versions: [config], acknowledged: [], upload };
      for (const step of history) await step(server);
      await settle(server);
      const counts = await countsOf(server);
      const { versions, acknowledged } = server;
      const samePeriod = versions.every(({ period }) => period === config.period);
      for (const one of acknowledged.filter((key) => isPromised(key, versions))) {
        const found = counts.get(keyHex(one.key.data)) ?? 0;
        expect(found).toBeGreaterThanOrEqual(1);
        if (samePeriod) expect(found).toBe(1);
        promised += 1;
      }
      await closeTestStores();
    }),
    { numRuns: 12 },
  );
  expect(promised).toBeGreaterThan(5); // hundreds, as a rule
}, 120_000);
