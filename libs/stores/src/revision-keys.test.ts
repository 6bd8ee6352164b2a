import type { DocumentStore } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { systemRandom } from '@keyserver/random';
import {
  DAY,
  type SimulatedClock,
  type UnixMillis,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { readDataKeys, revisionKeys, rotateDataKeys } from './revision-keys.ts';
import { forgetful } from './testing/unreliable-store.ts';
import { NOON } from './testing/uploads.ts';

const NEW_AFTER = 7 * DAY;
const DESTROY_AFTER = 16 * DAY;
let store: DocumentStore;
let clock: SimulatedClock;
let drawn: number;

beforeEach(async () => {
  drawn = 0;
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const draw = () => {
  drawn += 1;
  return Promise.resolve({ wrapped: Uint8Array.of(drawn), bound: systemRandom.bytes(16) });
};
const rotate = async (on = store, certain: UnixMillis | undefined = clock.now()) =>
  await rotateDataKeys(on, { draw, newAfter: NEW_AFTER, destroyAfter: DESTROY_AFTER, certain });
const usable = async () => (await readDataKeys(store)()).map(({ id }) => id);

describe('rotating the data keys of revision tokens', () => {
  it('makes the first one, and no second before the first is old enough', async () => {
    expect(await rotate()).toEqual({ created: 1, destroyed: [], waiting: 0 });
    clock.advance(NEW_AFTER - 1);
    expect(await rotate()).toEqual({ created: undefined, destroyed: [], waiting: 0 });
    clock.advance(1);
    expect(await rotate()).toEqual({ created: 2, destroyed: [], waiting: 0 });
    expect(await readDataKeys(store)()).toMatchObject([
      { id: 2, createdAt: NOON + NEW_AFTER, wrapped: Uint8Array.of(3) },
      { id: 1, createdAt: NOON, wrapped: Uint8Array.of(1) },
    ]);
  });

  it('destroys a key once its successor is old enough, and never the newest', async () => {
    await rotate();
    clock.advance(NEW_AFTER);
    await rotate();
    clock.advance(DESTROY_AFTER - 1);
    expect(await rotate()).toEqual({ created: 3, destroyed: [], waiting: 0 });
    clock.advance(1);
    expect(await rotate()).toEqual({ created: undefined, destroyed: [1], waiting: 0 });
    expect(await usable()).toEqual([3, 2]);
    const [destroyed] = await store.get(revisionKeys, ['1']);
    expect(destroyed).toEqual({ createdAt: NOON });
  });

  it('destroys none before the time has certainly come, and says how many wait', async () => {
    await rotate();
    clock.advance(NEW_AFTER);
    await rotate();
    clock.advance(DESTROY_AFTER);
    const lagging = unixMillis(clock.now() - 3 * DAY);
    expect(await rotate(store, lagging)).toEqual({ created: 3, destroyed: [], waiting: 1 });
    const uncertain = await rotateDataKeys(store, {
      ...{ draw, newAfter: NEW_AFTER, destroyAfter: DESTROY_AFTER, certain: undefined },
    });
    expect(uncertain).toEqual({ created: undefined, destroyed: [], waiting: 1 });
    expect(await usable()).toEqual([3, 2, 1]);
    expect(await rotate()).toEqual({ created: undefined, destroyed: [1], waiting: 0 });
  });

  it('does not wait for a key that was made in time to come, when store time is set back', async () => {
    await store.transact((tx) => {
      const made = { wrapped: Uint8Array.of(9), bound: Buffer.alloc(16, 9) };
      tx.set(revisionKeys, '1', { createdAt: NOON + 20 * DAY, ...made });
      return Promise.resolve();
    });
    expect(await rotate()).toEqual({ created: 2, destroyed: [], waiting: 0 });
    expect(await rotate()).toEqual({ created: undefined, destroyed: [], waiting: 0 });
  });

  it('never gives a number twice, even when all keys before were destroyed', async () => {
    await rotate();
    await store.transact((tx) => {
      tx.set(revisionKeys, '1', { createdAt: NOON });
      return Promise.resolve();
    });
    expect(await rotate()).toEqual({ created: 2, destroyed: [], waiting: 0 });
    expect(await usable()).toEqual([2]);
  });

  it('makes one key when many do it at the same time', async () => {
    const rotations = await Promise.all(Array.from({ length: 6 }, async () => await rotate()));
    expect(rotations.filter(({ created }) => created !== undefined)).toHaveLength(1);
    expect(await usable()).toEqual([1]);
  });

  it('makes one key when it does not hear that it has made one', async () => {
    expect(await rotate(forgetful(store))).toEqual({ created: 1, destroyed: [], waiting: 0 });
    expect(await usable()).toEqual([1]);
  });
});
