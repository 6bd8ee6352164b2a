import { type ExposureKey, keyHex } from '@keyserver/exposure-keys';
import { collection, int } from '@keyserver/docstore';
import { openTestBucket } from '@keyserver/local/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { type MendableTime, acceptTime, resetTime } from '@keyserver/operations';
import { systemRandom } from '@keyserver/random';
import {
  CoverageFault,
  keyHasher,
  openStoreFormat,
  skippedCountsId,
  storeUploads,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type SimulatedClock,
  alwaysWindow,
  intervalAt,
  intervalNumber,
  windowLength,
} from '@keyserver/time';
import { type ExportFixture, NOON, anExport, openExportFixture } from '@keyserver/export/testing';

const AHEAD = 2 * DAY;
const by = { actor: 'an operator', random: systemRandom };
const secret = Buffer.alloc(32, 1);
const NOTHING = collection({ name: 'nothing', fields: { n: int() } });

let fixture: ExportFixture;
let time: MendableTime;

beforeEach(async () => {
  fixture = await openExportFixture({
    openBucket: openTestBucket,
    openStore: async (clock: SimulatedClock) => {
      const store = await openTestStore({ clock });
      time = {
        report: async () => await store.timeReport(),
        mend: async (as, decide) => await store.mendTime(as, decide),
      };
      return store;
    },
  });
  await fixture.configure(anExport({ minRecords: 0 }));
});
afterEach(closeTestStores);

/** A publish process, which remembers for seconds how far exports have come. */
function publishProcess(): (n: number) => Promise<string> {
  const settings = {
    windows: () => alwaysWindow(windowLength(HOUR)!),
    ...{ retention: 14 * DAY, maxKeyAge: 15 * DAY, clock: fixture.clock },
    hashKey: keyHasher(secret),
    skippedCountsId: skippedCountsId(secret),
    partialRevisions: false,
  };
  const store = storeUploads(fixture.store, settings, systemRandom);
  const start = intervalNumber(intervalAt(NOON) - 288);
  const rest = { period: 144, risk: 1, reportType: 'confirmed', onsetDays: undefined } as const;
  return async (n) => {
    const key: ExposureKey = { data: Buffer.alloc(16, n), start, ...rest };
    await store({
      ...{ keys: [key], regions: ['US'], traveler: false, app: 'app', authority: undefined },
      ...{
        token: 'none',
        bypassToken: false,
        statistics: { platform: 'ios', oldestKeyDays: 2, onsetDays: 'missing' },
      },
    });
    return keyHex(key.data);
  };
}

/** A clock ahead is taken for right; keys come and files are made by it; then it is set right. */
async function runAhead(upload: (n: number) => Promise<string>): Promise<string> {
  fixture.clock.jump(AHEAD);
  await acceptTime(time, by);
  const key = await upload(2);
  fixture.clock.advance(HOUR);
  await fixture.run();
  expect(await fixture.download()).toContain(key);
  fixture.clock.jump(-AHEAD);
  return key;
}

it('loses no key of before, of while the clock was ahead, and of after the reset', async () => {
  const upload = publishProcess();
  const before = await upload(1);
  const ahead = await runAhead(upload);
  await expect(upload(3)).rejects.toMatchObject({ code: 'clock' });
  await resetTime(time, by);
  const after = [await publishProcess()(3)];
  fixture.clock.advance(10 * SECOND); // so long a process may remember that exports were ahead
  after.push(await upload(4));

  fixture.clock.advance(HOUR);
  await fixture.run();
  expect((await fixture.download()).toSorted()).toEqual([before, ...after]);

  fixture.clock.advance(AHEAD);
  await fixture.run();
  expect((await fixture.download()).toSorted()).toEqual([before, ahead, ...after]);
  for (const { start, end } of await fixture.batches()) expect(end - start).toBe(HOUR);
});

it('takes uploads into the present window at once, also of an export with shorter batches', async () => {
  const known = { place: 'here', window: windowLength(HOUR)!, profile: 'production' } as const;
  await openStoreFormat(fixture.store, known, systemRandom);
  await fixture.configure(anExport({ minRecords: 0, period: 15 * MINUTE }));
  fixture.clock.advance(20 * MINUTE);
  await runAhead(publishProcess());
  await resetTime(time, by);
  const after = await publishProcess()(3);
  fixture.clock.advance(HOUR);
  await fixture.run();
  expect(await fixture.download()).toContain(after);
});

it('takes no upload that would be in no file when only store time is brought back', async () => {
  const upload = publishProcess();
  await runAhead(upload);
  await time.mend('reset', async (tx) => {
    await tx.get(NOTHING, ['x']);
  });
  for (const process of [upload, publishProcess()])
    await expect(process(3)).rejects.toThrow(CoverageFault);
});

it('gives no file that was made ahead another content under its name', async () => {
  const upload = publishProcess();
  const ahead = await runAhead(upload);
  const [made = ''] = (await fixture.index()) ?? [];
  const content = await fixture.object(made);
  await resetTime(time, by);
  fixture.clock.advance(AHEAD - HOUR);
  const later = await upload(3); // into the window that a file was made of already
  fixture.clock.advance(HOUR);
  await fixture.run();
  expect((await fixture.download()).toSorted()).toEqual([ahead, later]);
  expect(await fixture.index()).not.toContain(made);
  expect(await fixture.object(made)).toEqual(content);
});
