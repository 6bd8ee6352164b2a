import { seededRandom } from '@keyserver/random/testing';
import { MINUTE, SECOND } from '@keyserver/time';
import { type ManualTimers, manualTimers } from '@keyserver/time/testing';
import { auc } from '../../../test/privacy/padding/auc.ts';
import { type AnswerTimes, answerTimes } from './answer-times.ts';
import { TICK } from './http/answer-pace.ts';

let timers: ManualTimers;
let times: AnswerTimes;

beforeEach(() => {
  timers = manualTimers();
  times = answerTimes({ timers, random: seededRandom('times') });
});

/** Everything that is drawn now for a phase. */
const drawnAt = (phase: number): readonly number[] =>
  [...new Set(Array.from({ length: 100 }, () => times.draw(phase)))].sort((a, b) => a - b);

/** Everything that is drawn now, whatever the phase. */
const drawn = (): readonly number[] =>
  [...new Set(range(32).flatMap((n) => drawnAt((n - 1) / 32)))].sort((a, b) => a - b);

/** Uploads that took so long, ms; their phases are spread evenly. */
const store = (...taken: readonly number[]): void => {
  taken.forEach((ms, n) => {
    times.stored({ ms, phase: n / taken.length });
  });
};

const refuse = (ms: number, phase = 0): number => times.disguise('a sort', { ms, phase });

const range = (count: number, from = 1): readonly number[] =>
  Array.from({ length: count }, (_, n) => from + n);

/** How well two groups are told apart by their times, in either direction. */
function told(one: readonly number[], other: readonly number[]): number {
  const found = auc(one, other);
  return Math.max(found, 1 - found);
}

describe('answer times', () => {
  it('are those of the newest sixteen uploads of the last seconds', async () => {
    store(...range(40));
    store(...range(16, 100));
    await timers.advance(5 * SECOND);
    expect(drawn()).toEqual(range(16, 100));
  });

  it('are those of the four whose phases are nearest, each as likely as any other', () => {
    store(...range(16));
    expect(drawnAt(0.51)).toEqual([8, 9, 10, 11]);
    const sum = range(4000).reduce((total) => total + times.draw(0.51), 0);
    expect(sum / 4000).toBeCloseTo(9.5, 0);
  });

  it('are those of phases at both ends of a tick for one that is near such an end', () => {
    store(...range(16));
    expect(drawnAt(0.99)).toEqual([1, 2, 15, 16]);
    expect(drawnAt(0.001)).toEqual([1, 2, 3, 16]);
  });

  it('reach the ticks that uploads reach whose work goes by ticks, as times of other phases do not', () => {
    const chance = seededRandom('phases');
    const anyPhase = (): number => chance.below(1000) / 1000;
    /** The tick on which an answer leaves: the first after its arrival is 1. */
    const tickOf = (phase: number, ms: number): number => Math.ceil(phase + ms / TICK);
    const [uploads, decoys, astray]: [number[], number[], number[]] = [[], [], []];
    for (let n = 0; n < 4000; n++) {
      const phase = anyPhase();
      const ms = (2 + chance.below(2) - phase - 0.4 * anyPhase()) * TICK; // ready before a tick
      times.stored({ ms, phase });
      uploads.push(tickOf(phase, ms));
      if (n < 100) continue;
      const other = anyPhase();
      decoys.push(tickOf(other, times.draw(other)));
      astray.push(tickOf(other, times.draw(anyPhase())));
    }
    expect(told(astray, uploads)).toBeGreaterThan(0.6);
    expect(told(decoys, uploads)).toBeLessThan(0.56);
  });

  it('follow the load within seconds', async () => {
    store(...range(50));
    await timers.advance(11 * SECOND);
    store(...range(15, 600)); // too few to say what the load is
    expect(drawn()).toContain(20);
    store(...range(16, 500));
    expect(drawn()).toEqual(range(16, 500));
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
    expect(times.draw(0)).toBe(0);
    expect(refuse(3)).toBe(3);
  });

  it('are those of faults while uploads meet faults, and no others', () => {
    store(...range(30));
    const fault = new Error('away');
    times.failed(fault, 800);
    times.failed(fault, 900);
    expect(times.fault).toBe(fault);
    expect(drawn()).toEqual([800, 900]);
    expect([refuse(5), refuse(5)].every((ms) => ms === 800 || ms === 900)).toBe(true);
    store(30);
    expect(times.fault).toBeUndefined();
    expect(drawn()).toEqual(range(15, 16));
    for (let n = 0; n < 40; n++) expect(refuse(5)).toBeLessThanOrEqual(30);
  });

  it('forget a fault when a trial of the store succeeds', () => {
    times.failed(new Error('away'), 1);
    times.works();
    expect(times.fault).toBeUndefined();
    expect(times.draw(0)).toBe(0);
  });

  it('disguise answers of a sort as uploads, whatever the work of that sort, also where it is nearly that of an upload', () => {
    const chance = seededRandom('work');
    const uploads = range(100).map((n) => n / 10);
    times.learn(uploads, false);
    for (const [sort, longest] of Object.entries({ quick: 1, half: 50, nearly: 98 })) {
      const given: number[] = [];
      for (let n = 0; n < 1000; n++) {
        const worked = { ms: chance.below(longest) / 10, phase: chance.below(100) / 100 };
        const ms = times.disguise(sort, worked);
        expect(ms).toBeGreaterThanOrEqual(worked.ms);
        if (n >= 200) given.push(ms);
      }
      expect(told(given, uploads)).toBeLessThan(0.53);
    }
  });

  it('are as slow for an answer as it was among those of its sort', () => {
    times.learn(range(100), false);
    const mean = (ms: number): number => range(200).reduce((sum) => sum + refuse(ms, 0.5), 0) / 200;
    for (let n = 0; n < 100; n++) refuse(n / 100, 0.5);
    expect(mean(0)).toBeLessThan(50);
    for (let n = 0; n < 128; n++) refuse(n / 128, 0.5);
    expect(refuse(2, 0.5)).toBeGreaterThan(60);
    expect(refuse(0.0001, 0.5)).toBeLessThan(40);
  });

  it('rank an answer among those of its sort whose phases are nearest, where uploads are drawn by phase', () => {
    for (const phase of [0, 0.25, 0.5, 0.75])
      for (const ms of [25, 50, 75, 100]) times.stored({ ms, phase });
    for (let n = 0; n < 128; n++) refuse(n % 2 === 0 ? 1 : 3, n % 2 === 0 ? 0 : 0.5);
    expect(refuse(2, 0)).toBeGreaterThan(60); // slower than those near to it
    expect(refuse(2, 0.5)).toBeLessThan(40); // quicker
  });

  it('are no less than what an answer took to work out', () => {
    times.learn(range(100), false);
    expect(refuse(500)).toBe(500);
  });

  it('tell for how long nothing was heard of uploads', async () => {
    expect(times.silentFor).toBe(Infinity);
    store(1);
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
