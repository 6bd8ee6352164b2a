import { manualTimers } from '@keyserver/time/testing';
import { type HeldBack, HoldBackWatch } from './hold-back.ts';
import { openTestStore } from './testing/test-store.ts';

const held: readonly HeldBack[] = [{ collection: 'windows', field: 'window', from: 7 }];
const EVERY = 1000;

/** A watch that finds the same again and again, and what it has told. */
const watching = (find: () => Promise<readonly HeldBack[]>) => {
  const timers = manualTimers();
  const told: (readonly HeldBack[] | 'unknown')[] = [];
  const tell = async (what: readonly HeldBack[] | 'unknown'): Promise<void> => {
    told.push(what);
    await Promise.resolve();
  };
  return { timers, told, watch: new HoldBackWatch({ find, tell, every: EVERY, timers }) };
};

const findHeld = async () => await Promise.resolve(held);

describe('a watch over what is held back', () => {
  it('tells at once, and again each time that its pause has passed', async () => {
    const { timers, told, watch } = watching(findHeld);
    watch.start();
    await timers.advance(EVERY - 1);
    expect(told).toEqual([held]);
    await timers.advance(1);
    expect(told).toEqual([held, held]);
    watch.stop();
  });

  it('tells that nothing is known when it could not find out, and tries again', async () => {
    let failures = 1;
    const { timers, told, watch } = watching(async () => {
      if (failures-- > 0) throw new Error('a broken page');
      return await findHeld();
    });
    watch.start();
    await timers.advance(EVERY);
    expect(told).toEqual(['unknown', held]);
    watch.stop();
  });

  it('tells nothing and leaves no timer after it was stopped', async () => {
    const { timers, told, watch } = watching(findHeld);
    watch.start();
    await timers.advance(0);
    watch.stop();
    expect(timers.waiting).toBe(0);
    await timers.advance(2 * EVERY);
    expect(told).toEqual([held]);
  });

  it('tells nothing and leaves no timer when it is stopped while it looks', async () => {
    let found: (what: readonly HeldBack[]) => void = () => undefined;
    const { timers, told, watch } = watching(
      async () =>
        await new Promise((resolve) => {
          found = resolve;
        }),
    );
    watch.start();
    watch.stop();
    found(held);
    await timers.advance(2 * EVERY);
    expect([told, timers.waiting]).toEqual([[], 0]);
  });
});

it('is over when its store is closed', async () => {
  const timers = manualTimers();
  const store = await openTestStore({ timers, findHeldBack: findHeld });
  while (timers.waiting === 0) await store.now();
  await store.close();
  expect(timers.waiting).toBe(0);
});
