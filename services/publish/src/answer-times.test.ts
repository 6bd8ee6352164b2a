import { seededRandom } from '@keyserver/random/testing';
import { MINUTE, SECOND } from '@keyserver/time';
import { type ManualTimers, manualTimers } from '@keyserver/time/testing';
import { auc } from '../../../test/privacy/padding/auc.ts';
import { type AnswerTimes, answerTimes } from './answer-times.ts';

let timers: ManualTimers;
let times: AnswerTimes;

beforeEach(() => {
  timers = manualTimers();
  times = answerTimes({ timers, random: seededRandom('times') });
});

/** Everything that is drawn now. */
const drawn = (): readonly number[] =>
  [...new Set(Array.from({ length: 2000 }, () => times.draw()))].sort((a, b) => a - b);

const store = (...taken: readonly number[]): void => {
  for (const ms of taken) times.stored(ms);
};

const range = (count: number, from = 1): readonly number[] =>
  Array.from({ length: count }, (_, n) => from + n);

describe('answer times', () => {
  it('are those of the last seconds, where there are enough, each as likely as any other', async () => {
    store(...range(20));
    await timers.advance(5 * SECOND);
    expect(drawn()).toEqual(range(20));
    const sum = range(4000).reduce((total) => total + times.draw(), 0);
    expect(sum / 4000).toBeCloseTo(10.5, 0);
  });

  it('follow the load within seconds', async () => {
    store(...range(50));
    await timers.advance(11 * SECOND);
    store(...range(20, 500));
    expect(drawn()).toEqual(range(20, 500));
  });

  it('are of the last 32 uploads under a load that brings more', () => {
    store(...Array.from({ length: 1000 }, (_, n) => (n < 968 ? 1 : 2)));
    expect(drawn()).toEqual([2]);
  });

  it('are usual ones where few uploads came lately, and a short rush does not push those out', async () => {
    store(...range(100));
    await timers.advance(MINUTE);
    store(...Array.from({ length: 200 }, () => 9999)); // one of them is remembered for later
    await timers.advance(MINUTE);
    expect(drawn()).toEqual([...range(99, 2), 9999]);
  });

  it('are at first those that all instances know', () => {
    times.learn(range(30), false);
    expect(drawn()).toEqual(range(30));
  });

  it('are at the very first start those that were measured, until enough uploads have come', async () => {
    times.measured([3, 4, 5]);
    expect(drawn()).toEqual([3, 4, 5]);
    store(7);
    expect(drawn()).toEqual([3, 4, 5, 7]);
    store(...Array.from({ length: 19 }, () => 8));
    await timers.advance(MINUTE);
    expect(drawn()).toEqual([7, 8]);
  });

  it('are at most ten seconds, since whoever waits holds a connection', () => {
    times.measured([MINUTE]);
    expect(drawn()).toEqual([10 * SECOND]);
  });

  it('are none where nothing is known', () => {
    expect(times.draw()).toBe(0);
  });

  it('are those of faults while uploads meet faults, and no others', () => {
    store(...range(30));
    const fault = new Error('away');
    times.failed(fault, 800);
    times.failed(fault, 900);
    expect(times.fault).toBe(fault);
    expect(drawn()).toEqual([800, 900]);
    times.stored(30);
    expect(times.fault).toBeUndefined();
    expect(drawn()).toEqual(range(30));
  });

  it('forget a fault when a trial of the store succeeds', () => {
    times.failed(new Error('away'), 1);
    times.works();
    expect(times.fault).toBeUndefined();
    expect(times.draw()).toBe(0);
  });

  it('disguise answers of a sort as uploads, whatever the work of that sort, also where it is nearly that of an upload', () => {
    const chance = seededRandom('work');
    const uploads = range(100).map((n) => n / 10);
    times.learn(uploads, false);
    for (const [sort, longest] of Object.entries({ quick: 1, half: 50, nearly: 98 })) {
      const given: number[] = [];
      for (let n = 0; n < 1000; n++) {
        const worked = chance.below(longest) / 10;
        const ms = times.disguise(sort, worked);
        expect(ms).toBeGreaterThanOrEqual(worked);
        if (n >= 200) given.push(ms);
      }
      const told = auc(given, uploads);
      expect(Math.max(told, 1 - told)).toBeLessThan(0.53);
    }
  });

  it('are as slow for an answer as it was among those of its sort', () => {
    times.learn(range(100), false);
    for (let n = 0; n < 100; n++) times.disguise('a sort', n / 100);
    expect(times.disguise('a sort', 0.001)).toBeLessThanOrEqual(2);
    expect(times.disguise('a sort', 0.5)).toBeCloseTo(50, -1);
    expect(times.disguise('a sort', 5)).toBeGreaterThanOrEqual(99);
  });

  it('are no less than what an answer took to work out', () => {
    times.learn(range(100), false);
    expect(times.disguise('a sort', 500)).toBe(500);
  });

  it('tell for how long nothing was heard of uploads', async () => {
    expect(times.silentFor).toBe(Infinity);
    times.stored(1);
    await timers.advance(30 * SECOND);
    expect(times.silentFor).toBe(30 * SECOND);
    times.failed(new Error('away'), 1);
    expect(times.silentFor).toBe(0);
  });

  it('are unshared until all instances have them', () => {
    store(1, 2);
    times.learn([], false);
    expect(times.unshared()).toEqual([1, 2]);
    times.learn([5, 1, 2], true);
    expect(times.unshared()).toEqual([]);
  });
});
