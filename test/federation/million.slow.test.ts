import { readFileSync } from 'node:fs';
import { KEY_BYTES, RECORD_BYTES, packRecords } from '@keyserver/exposure-keys';
import type { LocalPlatform } from '@keyserver/local';
import { randomId, systemRandom } from '@keyserver/random';
import { keyBatchDocument, keyBatches, keyHasher, readKeyBatches } from '@keyserver/stores';
import { SETTINGS, aKey } from '@keyserver/stores/testing';
import {
  DAY,
  HOUR,
  floorTo,
  intervalAt,
  intervalNumber,
  systemClock,
  unixMillis,
} from '@keyserver/time';
import { twoServers } from './two-servers.ts';

const KEYS = 1_000_000;
/** Keys in one document of the giver. */
const IN_ONE = 10_000;
/** Short runs, so that the size of pages is drawn often. */
const RUN_SECONDS = 7;
/** MB that either process may have of its own. Chosen, not measured: it is there to notice memory that grows with the keys. */
const MOST_OWN_MB = 500;
const MOST_RUNS = 200;

const servers = twoServers();

/** Records of keys whose first four bytes count from a number on; all else of them is as of one key, which ended yesterday. */
function records(from: number, count: number): Uint8Array {
  const start = intervalNumber(intervalAt(floorTo(systemClock.now(), DAY)) - 2 * 144);
  const one = packRecords([aKey(0, { start })]);
  const packed = Buffer.alloc(count * RECORD_BYTES);
  for (let n = 0; n < count; n++) {
    packed.set(one, n * RECORD_BYTES);
    packed.writeUInt32BE(from + n, n * RECORD_BYTES);
  }
  return packed;
}

/** Stores all keys in one window of an hour. Nobody looks them up here, so one hash is enough for a document. */
async function fill({ store, keyHashSecret }: LocalPlatform): Promise<void> {
  const settings = { ...SETTINGS, hashKey: keyHasher(keyHashSecret) };
  const window = unixMillis(floorTo(systemClock.now(), HOUR) - 2 * HOUR);
  for (let from = 0; from < KEYS; from += IN_ONE)
    await store.transact(async (tx) => {
      const of = records(from, IN_ONE);
      const batch = {
        ...({ kind: 'primary', origin: 'local', sourceId: '', app: 'app' } as const),
        ...{ window, regions: ['US'], traveler: false, records: of },
        keyHashes: [settings.hashKey(of.subarray(0, KEY_BYTES))],
      };
      const document = keyBatchDocument(batch, settings, systemRandom);
      tx.create(keyBatches, randomId(systemRandom), document);
      await Promise.resolve();
    });
}

/** How often the taker has each key. */
async function countsIn({ store }: LocalPlatform): Promise<Uint8Array> {
  const counts = new Uint8Array(KEYS);
  const now = systemClock.now();
  const span = { from: unixMillis(now - DAY), until: unixMillis(now + DAY) };
  for await (const page of readKeyBatches(store, { retention: 14 * DAY })(span))
    for (const { records: of } of page) {
      const view = Buffer.from(of.buffer, of.byteOffset, of.byteLength);
      for (let at = 0; at < view.length; at += RECORD_BYTES) counts[view.readUInt32BE(at)]! += 1;
    }
  return counts;
}

/** Memory of a process that is no page of a file, MB; 0 where there is no `/proc`. */
function ownMegabytes(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1000;
}

it('pulls a million keys of one hour from another server, each once, in pages of any size and bounded memory', async () => {
  const { giver, taker, serve, pulling, ask, pull } = await servers.start({
    FEDERATION_DEADLINE_SECONDS: String(RUN_SECONDS),
  });
  await serve.ready(); // from now on the store knows its format, and nothing is looked for by hashes
  await fill(giver);
  let [runs, answer, mostOwn] = [0, '', 0];
  for (; answer !== '{"ok":true}' && runs < MOST_RUNS; runs++) {
    // Either side may be the one that makes pages smaller.
    const [asked, granted] = [0, 0].map(() => 300 + systemRandom.below(9_700));
    await ask({ maxPageKeys: asked! }, { maxPageKeys: granted!, callsPerMinute: 6000 });
    answer = await pull();
    for (const { pid } of [serve, pulling]) mostOwn = Math.max(mostOwn, ownMegabytes(pid()));
  }
  expect(answer).toBe('{"ok":true}');
  expect(runs).toBeGreaterThan(1);
  const counts = await countsIn(taker);
  expect([counts.indexOf(0), counts.findIndex((count) => count > 1)]).toEqual([-1, -1]);
  expect(mostOwn).toBeLessThan(MOST_OWN_MB);
  expect([...serve.troubles, ...pulling.troubles]).toEqual([]);
}, 900_000);
