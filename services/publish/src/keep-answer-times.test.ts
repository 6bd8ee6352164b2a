import type { DocumentStore } from '@keyserver/docstore';
import { recordingLog } from '@keyserver/log/testing';
import { systemRandom } from '@keyserver/random';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { shareAnswerTimes, sharedAnswerTimes } from '@keyserver/stores';
import { MINUTE, SECOND, type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import { type ManualTimers, manualTimers } from '@keyserver/time/testing';
import { type AnswerTimes, answerTimes } from './answer-times.ts';
import { type KeepAnswerTimesDeps, keepAnswerTimes } from './keep-answer-times.ts';

let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(unixMillis(1_768_478_400_000));
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

interface Instance {
  readonly times: AnswerTimes;
  readonly timers: ManualTimers;
  readonly kept: Awaited<ReturnType<typeof keepAnswerTimes>>;
  readonly lines: ReturnType<typeof recordingLog>;
  readonly trials: () => number;
}

async function anInstance(
  overrides: Partial<KeepAnswerTimesDeps> = {},
  trialMs: number | (() => number) = 5,
): Promise<Instance> {
  const timers = manualTimers();
  const times = answerTimes({ timers, random: systemRandom });
  const lines = recordingLog();
  let trials = 0;
  const { tryStore = () => Promise.resolve() } = overrides;
  const kept = await keepAnswerTimes({
    ...{ times, timers, log: lines.log },
    readShared: async () => await sharedAnswerTimes(store),
    share: async (own) => await shareAnswerTimes(store, own),
    ...overrides,
    tryStore: async () => {
      trials += 1;
      await timers.advance(typeof trialMs === 'number' ? trialMs : trialMs());
      await tryStore();
    },
  });
  await timers.advance(0);
  return { times, timers, kept, lines, trials: () => trials };
}

/** Lets time pass for the timers of an instance and for the store alike, and what is under way end. */
async function pass({ timers }: Instance, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10 * SECOND) {
    clock.advance(10 * SECOND);
    await timers.advance(10 * SECOND);
    await store.now(); // what was asked of the store before is answered by now
    await timers.advance(0);
  }
}

describe('the keeping of answer times', () => {
  it('measures the store at the very first start, so that there are times before the first request', async () => {
    const instance = await anInstance();
    expect(instance.times.draw(0)).toBe(5);
    await instance.kept.stop();
  });

  it('starts with what all instances know, and measures nothing then', async () => {
    await shareAnswerTimes(store, [40]);
    const instance = await anInstance();
    expect(instance.times.draw(0)).toBe(40);
    await instance.kept.stop();
  });

  it('tells the others what it knows, and takes over what they know, once a minute', async () => {
    const [one, other] = [await anInstance(), await anInstance()];
    for (let n = 0; n < 20; n++) one.times.stored({ ms: 33, phase: 0 });
    await pass(one, MINUTE);
    expect(await sharedAnswerTimes(store)).toHaveLength(20);
    expect(one.times.unshared()).toEqual([]);
    await pass(other, MINUTE);
    expect(other.times.draw(0)).toBe(33);
    await Promise.all([one.kept.stop(), other.kept.stop()]);
  });

  it('writes nothing where no upload has come', async () => {
    const instance = await anInstance();
    await pass(instance, 2 * MINUTE);
    expect(await sharedAnswerTimes(store)).toEqual([]);
    await instance.kept.stop();
  });

  it('tries the store when no upload has told anything for a minute, and not before', async () => {
    const instance = await anInstance();
    const before = instance.trials();
    instance.times.stored({ ms: 3, phase: 0 });
    await pass(instance, 50 * SECOND);
    expect(instance.trials()).toBe(before);
    await pass(instance, 20 * SECOND);
    expect(instance.trials()).toBe(before + 1);
    await instance.kept.stop();
  });

  it('knows of an outage from the first second on, and of its end within ten', async () => {
    let isAway = true;
    const fault = new Error('away');
    const tryStore = async (): Promise<void> => {
      await Promise.resolve();
      if (isAway) throw fault;
    };
    const instance = await anInstance({ tryStore }, 700);
    expect(instance.times.fault).toBe(fault);
    expect(instance.times.draw(0)).toBe(700);
    isAway = false;
    await pass(instance, 10 * SECOND);
    expect(instance.times.fault).toBeUndefined();
    await instance.kept.stop();
  });

  it('takes no time of a fault for that of an upload once the store is back', async () => {
    let isAway = true;
    const tryStore = async (): Promise<void> => {
      await Promise.resolve();
      if (isAway) throw new Error('away');
    };
    const instance = await anInstance({ tryStore }, () => (isAway ? 8 * SECOND : 6));
    isAway = false;
    await pass(instance, 20 * SECOND);
    expect(instance.times.fault).toBeUndefined();
    expect(instance.times.draw(0)).toBeLessThan(SECOND);
    await instance.kept.stop();
  });

  it('reports that times cannot be shared, goes on with its own, and shares them later', async () => {
    let isAway = true;
    const instance = await anInstance({
      share: async (own) => {
        if (isAway) throw new Error('away');
        return await shareAnswerTimes(store, own);
      },
    });
    instance.times.stored({ ms: 3, phase: 0 });
    await pass(instance, MINUTE);
    expect(instance.lines.events('publish.times_not_shared')).toHaveLength(1);
    isAway = false;
    await pass(instance, MINUTE);
    expect(await sharedAnswerTimes(store)).toEqual([3]);
    await instance.kept.stop();
  });

  it('starts while nothing can be read, and reports it', async () => {
    const instance = await anInstance({ readShared: () => Promise.reject(new Error('away')) });
    expect(instance.lines.events('publish.times_not_shared')).toHaveLength(1);
    expect(instance.times.draw(0)).toBe(5);
    await instance.kept.stop();
  });

  it('logs the number of requests of cover traffic once a minute, and what is left at the end', async () => {
    const instance = await anInstance();
    for (let n = 0; n < 3; n++) instance.kept.countCover();
    await pass(instance, 2 * MINUTE);
    instance.kept.countCover();
    await instance.kept.stop();
    expect(instance.lines.events('publish.covered').map(({ count }) => count)).toEqual([3, 1]);
  });

  it('asks nothing any more once it has ended', async () => {
    const instance = await anInstance();
    await instance.kept.stop();
    expect(instance.timers.waiting).toBe(0);
  });
});
