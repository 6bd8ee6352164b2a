import { keyHex, packRecords, unpackRecords } from '@keyserver/exposure-keys';
import type { LocalPlatform } from '@keyserver/local';
import { randomId, systemRandom } from '@keyserver/random';
import {
  federationPositions,
  keyBatchDocument,
  keyBatches,
  keyHasher,
  readKeyBatches,
} from '@keyserver/stores';
import { SETTINGS, aKey } from '@keyserver/stores/testing';
import {
  DAY,
  MINUTE,
  SECOND,
  floorTo,
  intervalAt,
  intervalNumber,
  systemClock,
  unixMillis,
} from '@keyserver/time';
import { twoServers } from './two-servers.ts';

const KEYS = 20_000;
const REVISED = 300;
const KILLS = process.env['SOAK'] === '1' ? 100 : 12;
const servers = twoServers();

/** Keys of some past windows of a second, of which some are revised. */
async function seed({ store, keyHashSecret }: LocalPlatform): Promise<void> {
  const settings = { ...SETTINGS, hashKey: keyHasher(keyHashSecret) };
  const now = floorTo(systemClock.now(), SECOND);
  const start = intervalNumber(intervalAt(floorTo(now, DAY)) - 144);
  const put = async (kind: 'primary' | 'revision', from: number, count: number): Promise<void> => {
    const type = kind === 'primary' ? 'likely' : 'negative';
    const keys = Array.from({ length: count }, (_, n) =>
      aKey(from + n, { start, reportType: type }),
    );
    await store.transact(async (tx) => {
      const batch = {
        ...({ kind, origin: 'local', sourceId: '', app: 'app' } as const),
        ...{ regions: ['US'], traveler: false },
        window: unixMillis(now - MINUTE + (kind === 'primary' ? from % 20 : 30) * SECOND),
        records: packRecords(keys),
      };
      const document = keyBatchDocument(batch, settings, systemRandom);
      tx.create(keyBatches, randomId(systemRandom), document);
      await Promise.resolve();
    });
  };
  for (let from = 0; from < KEYS; from += 1001)
    await put('primary', from, Math.min(1001, KEYS - from));
  await put('revision', 0, REVISED);
}

it(`loses and doubles no key when either side is killed ${KILLS} times`, async () => {
  const { giver, taker, serve, pulling, ask, pull } = await servers.start({
    TRUNCATE_WINDOW_SECONDS: '1',
  });
  await seed(giver);
  /** Asks in pages of a size that is drawn. */
  const configure = async (): Promise<void> => {
    await ask({ maxPageKeys: 20 + systemRandom.below(400) });
  };
  const chunk = async (): Promise<string | undefined> =>
    (await taker.store.get(federationPositions, ['neighbour']))[0]?.chunk;
  /** Waits until the run has stored something more, or is over. */
  async function untilMoved(run: Promise<string>): Promise<void> {
    const state = { isOver: false };
    const over = (): void => {
      state.isOver = true;
    };
    void run.then(over, over);
    for (let moves = 1 + systemRandom.below(5); moves > 0; moves--) {
      const before = await chunk();
      while (!state.isOver && (await chunk()) === before);
    }
  }

  for (let kills = 0; kills < KILLS; kills++) {
    await configure();
    const run = pull();
    await untilMoved(run);
    (systemRandom.below(2) === 0 ? serve : pulling).kill();
    await run;
  }
  await configure();
  expect(await pull()).toBe('{"ok":true}');
  await configure();
  expect(await pull()).toBe('{"ok":true}');
  expect(await keysOf(taker, 'primary')).toEqual(
    Array.from({ length: KEYS }, (_, n) => hexOf(n)).sort(),
  );
  expect(await keysOf(taker, 'revision')).toEqual(
    Array.from({ length: REVISED }, (_, n) => hexOf(n)).sort(),
  );
  expect([...serve.troubles, ...pulling.troubles]).toEqual([]);
}, 600_000);

const hexOf = (n: number): string => keyHex(aKey(n).data);

async function keysOf({ store }: LocalPlatform, wanted: string): Promise<readonly string[]> {
  const keys: string[] = [];
  const now = systemClock.now();
  const span = { from: unixMillis(now - DAY), until: unixMillis(now + DAY) };
  for await (const page of readKeyBatches(store, { retention: 14 * DAY })(span))
    for (const { kind, records } of page)
      if (kind === wanted) keys.push(...unpackRecords(records).map(({ data }) => keyHex(data)));
  return keys.sort();
}
