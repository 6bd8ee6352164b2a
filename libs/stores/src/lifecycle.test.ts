import type { DocumentStore } from '@keyserver/docstore';
import { seededRandom } from '@keyserver/random/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { HOUR, MINUTE, SECOND, alwaysWindow, simulatedClock, windowLength } from '@keyserver/time';
import { abortClosing, beginClosing, noteDrained, noteUnlisted } from './change-lifecycle.ts';
import { keyBatches } from './key-batch-document.ts';
import { rememberedLife, standsStill, whileOpen } from './lifecycle.ts';
import { NOON, auditedSteps } from './testing/index.ts';
import { forgetful } from './testing/unreliable-store.ts';

const clock = simulatedClock(NOON);
const by = { actor: 'alex', random: seededRandom('life') };
const goal = { goal: 'decommission', keepFilesMs: HOUR } as const;
const window = alwaysWindow(windowLength(HOUR)!);
let store: DocumentStore;

beforeEach(async () => {
  clock.set(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

/** A writer of keys, as each process has one. */
const writer = () => {
  const windows = whileOpen(() => window);
  return async () =>
    await store.transact(async (tx) => {
      await tx.get(keyBatches, ['none']);
      return await windows(tx);
    });
};

describe('whoever writes keys', () => {
  it('may do so for two minutes after a close, and never later, however lately it has read', async () => {
    const write = writer();
    for (let second = 0; second < 60; second += 20) {
      clock.advance(20 * SECOND);
      expect(await write()).toBe(window);
    }
    await beginClosing(store, goal, by);
    clock.advance(2 * MINUTE - SECOND);
    expect(await write()).toBe(window);
    clock.advance(SECOND);
    await expect(write()).rejects.toMatchObject({ code: 'closed' });
    await expect(writer()()).rejects.toMatchObject({ code: 'closed' });
  });

  it('may do so again a minute after the close was taken back', async () => {
    const write = writer();
    await beginClosing(store, goal, by);
    clock.advance(2 * MINUTE);
    await expect(write()).rejects.toMatchObject({ code: 'closed' });
    await abortClosing(store, by);
    clock.advance(HOUR);
    expect(await write()).toBe(window);
  });
});

describe('a step', () => {
  it('whose answer was lost is taken once', async () => {
    expect(await beginClosing(forgetful(store), goal, by)).toMatchObject({ kind: 'changed' });
    expect(await beginClosing(store, goal, by)).toEqual({ kind: 'refused', state: 'closing' });
    expect((await auditedSteps(store)).map(({ operation }) => operation)).toEqual([
      'lifecycle.close',
    ]);
  });

  it('that only notes something is for servers that close or are emptied', async () => {
    expect(await noteDrained(store, true)).toEqual({ before: undefined, after: undefined });
    expect(await noteUnlisted(store, true)).toBeUndefined();
    await beginClosing(store, goal, by);
    expect(await noteUnlisted(store, true)).toBeUndefined();
    expect(await noteDrained(store, true)).toEqual({ before: undefined, after: NOON });
    clock.advance(HOUR);
    expect(await noteDrained(store, true)).toEqual({ before: NOON, after: NOON });
    expect(await noteDrained(store, false)).toEqual({ before: NOON, after: undefined });
  });
});

describe('the state of a server', () => {
  it.each([
    ['open', false],
    ['closing', false],
    ['emptying', true],
    ['ended', true],
    ['hibernating', true],
  ] as const)('that is %s lets jobs rest: %s', (state, rests) => {
    expect(standsStill(state)).toBe(rests);
  });

  it('is read at most every ten seconds, once for all who ask, and stays known in an outage', async () => {
    let [now, reads] = [0, 0];
    let fault: Error | undefined = new Error('away');
    const recall = rememberedLife(
      async () => {
        reads += 1;
        await Promise.resolve();
        if (fault !== undefined) throw fault;
        return undefined;
      },
      { monotonic: () => now },
    );
    await expect(recall()).rejects.toThrow('away');
    fault = undefined;
    await Promise.all([recall(), recall()]);
    expect(reads).toBe(2);
    now = 9999;
    await recall();
    expect(reads).toBe(2);
    now = 10_000;
    fault = new Error('away');
    expect(await recall()).toBeUndefined();
    expect(reads).toBe(3);
  });
});
