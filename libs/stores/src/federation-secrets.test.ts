import type { DocumentStore } from '@keyserver/docstore';
import { systemRandom } from '@keyserver/random';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { simulatedClock } from '@keyserver/time';
import { movedCollections } from './all-collections.ts';
import { federationSecrets, readSealingKey } from './federation-secrets.ts';
import { forgetful } from './testing/unreliable-store.ts';
import { NOON } from './testing/uploads.ts';

let store: DocumentStore;
let drawn = 0;
const reader = (of = store) =>
  readSealingKey(of, {
    random: systemRandom,
    onDrawn: () => {
      drawn++;
    },
  });

beforeEach(async () => {
  drawn = 0;
  store = await openTestStore({ clock: simulatedClock(NOON) });
});
afterEach(closeTestStores);

describe('the key of tokens', () => {
  it('is drawn once, by whoever needs it first, and is the same for everybody', async () => {
    const keys = await Promise.all([reader()(), reader()(), reader()()]);
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
    expect([keys[0].length, drawn]).toEqual([32, 1]);
  });

  it('is drawn once though the outcome of the commit was never heard of', async () => {
    const key = await reader(forgetful(store))();
    expect(Buffer.from(await reader()()).equals(Buffer.from(key))).toBe(true);
    expect(drawn).toBe(1);
  });

  it('is read once, and anew when somebody doubts it', async () => {
    const read = reader();
    const first = await read();
    const other = Buffer.alloc(32, 9);
    await store.transact(async (tx) => {
      tx.set(federationSecrets, 'token', { key: other });
      await Promise.resolve();
    });
    expect(await read()).toBe(first);
    expect(Buffer.from(await read('anew')).equals(other)).toBe(true);
    expect(Buffer.from(await read()).equals(other)).toBe(true);
  });

  it('is drawn again, not in silence, when it is lost', async () => {
    const read = reader();
    const first = await read();
    await store.deleteAll(federationSecrets, {});
    expect(Buffer.from(await read('anew')).equals(Buffer.from(first))).toBe(false);
    expect(drawn).toBe(2);
  });

  it('moves with the data', () => {
    expect(movedCollections).toContain(federationSecrets);
  });
});
