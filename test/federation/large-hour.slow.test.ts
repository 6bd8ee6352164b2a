import { type FederationServer, federationServer } from '@keyserver/federation-serve/testing';
import { KEY_BYTES, RECORD_BYTES, packRecords } from '@keyserver/exposure-keys';
import { systemRandom, randomId } from '@keyserver/random';
import { keyBatchDocument, keyBatches, keyHasher } from '@keyserver/stores';
import { NOON, SETTINGS, aKey } from '@keyserver/stores/testing';
import { HOUR, unixMillis } from '@keyserver/time';
import { rawFetch } from './raw-frames.ts';
import type { WireState } from './wire.ts';

const KEYS = 1_000_000;
/** Keys in one document, of which one is far below the limit of a megabyte. */
const IN_ONE = 10_000;
const PAGES = [5000, 10_000, 7, 333, 8191, 9999];

let server: FederationServer;
afterEach(() => {
  server.remove();
});

/** Keys whose first four bytes count from a number on; all others are as those of one key. */
function records(from: number, count: number): Uint8Array {
  const [one] = [packRecords([aKey(0)])];
  const packed = Buffer.alloc(count * RECORD_BYTES);
  for (let n = 0; n < count; n++) {
    packed.set(one, n * RECORD_BYTES);
    packed.writeUInt32BE(from + n, n * RECORD_BYTES);
  }
  return packed;
}

it('serves a million keys of one hour, each once, in pages of any size and over restarts', async () => {
  server = await federationServer();
  await server.configure({ maxPageKeys: 10_000, callsPerMinute: 6000 });
  await (await server.start()).stop(); // from now on the store knows its format
  await server.onPlatform(async ({ store, keyHashSecret }) => {
    const settings = { ...SETTINGS, hashKey: keyHasher(keyHashSecret) };
    for (let from = 0; from < KEYS; from += IN_ONE)
      await store.transact(async (tx) => {
        const of = records(from, IN_ONE);
        const batch = {
          ...({ kind: 'primary', origin: 'local', sourceId: '', app: 'app' } as const),
          ...{ window: unixMillis(NOON - 2 * HOUR), regions: ['US'], traveler: false },
          // Nobody looks these keys up.
          ...{ records: of, keyHashes: [settings.hashKey(of.subarray(0, KEY_BYTES))] },
        };
        tx.create(
          keyBatches,
          randomId(systemRandom),
          keyBatchDocument(batch, settings, systemRandom),
        );
        await Promise.resolve();
      });
  });
  let started = await server.start();
  const token = (await server.tokenFor()).slice('Bearer '.length);
  const seen = new Uint8Array(KEYS);
  let [doubled, calls] = [0, 0];
  let state: WireState | undefined;
  for (let more = true; more; calls++) {
    if (calls % 40 === 39) {
      await started.stop();
      started = await server.start();
    }
    const maxExposureKeys = PAGES[calls % PAGES.length]!;
    const page = await rawFetch(started.service.url, { maxExposureKeys, state }, token);
    for (const { exposureKey } of page.keys) {
      const n = exposureKey.readUInt32BE();
      doubled += seen[n]!;
      seen[n] = 1;
    }
    expect(page.keys.length).toBeLessThanOrEqual(maxExposureKeys);
    ({ nextFetchState: state, partialResponse: more } = page);
  }
  await started.stop();
  expect(doubled).toBe(0);
  expect(seen.reduce((sum, one) => sum + one, 0)).toBe(KEYS);
}, 900_000);
