import { type ManualTimers, manualTimers } from '@keyserver/time/testing';
import type { Random } from '@keyserver/random';
import { seededRandom } from '@keyserver/random/testing';
import { KmsAnswerFault, isOverdue } from './kms-fault.ts';
import { askWithin } from './questions.ts';

const DEADLINE = 20_000;

let timers: ManualTimers;
let attempts = 0;

beforeEach(() => {
  timers = manualTimers();
  attempts = 0;
});

const longest: Random = { ...seededRandom('patience'), below: (bound) => bound - 1 };

/** Asks in vain; what came of it so far. */
function askFor(error: unknown, random = longest): { outcome: unknown } {
  const state: { outcome: unknown } = { outcome: 'pending' };
  const { ask } = askWithin({ deadlineMs: DEADLINE, timers, random });
  const fail = async (): Promise<never> => {
    attempts++;
    await Promise.resolve();
    throw error;
  };
  ask(fail).catch((thrown: unknown) => {
    state.outcome = thrown;
  });
  return state;
}

describe('questions to Cloud KMS', () => {
  it('gives the answer of the first attempt that has one, and no timer stays', async () => {
    const { ask } = askWithin({ deadlineMs: DEADLINE, timers, random: longest });
    expect(await ask(async (timeoutMs) => await Promise.resolve(timeoutMs))).toBe(3_000);
    expect(timers.waiting).toBe(0);
  });

  it.each([4, 14])('pauses longer from attempt to attempt after status %i', async (code) => {
    const asked = askFor({ code });
    const made: number[] = [];
    for (const ms of [0, 249, 1, 499, 1, 999, 1]) {
      await timers.advance(ms);
      made.push(attempts);
    }
    expect(made).toEqual([1, 1, 2, 2, 3, 3, 4]);
    expect(asked.outcome).toEqual({ code });
  });

  it('draws the pauses by chance', async () => {
    const draws: number[] = [];
    const random = { ...longest, below: (bound: number) => draws.push(bound) };
    askFor({ code: 14 }, random);
    await timers.advance(0);
    await timers.advance(DEADLINE);
    expect(draws).toEqual([250, 500, 1000]);
  });

  it('asks again at once after an answer that was changed on its way', async () => {
    const asked = askFor(new KmsAnswerFault('changed'));
    await timers.advance(0);
    expect(attempts).toBe(4);
    expect(asked.outcome).toBeInstanceOf(KmsAnswerFault);
  });

  it('asks once more after a refusal', async () => {
    const asked = askFor({ code: 3 });
    await timers.advance(0);
    expect([attempts, asked.outcome]).toEqual([2, { code: 3 }]);
  });

  it.each([2, 5, 7, 8, 9, 12, 13, 16])('does not ask again after status %i', async (code) => {
    const asked = askFor({ code });
    await timers.advance(0);
    expect([attempts, asked.outcome]).toEqual([1, { code }]);
  });

  it('does not ask again after an error without a status', async () => {
    const asked = askFor('no credentials');
    await timers.advance(0);
    expect([attempts, asked.outcome]).toEqual([1, 'no credentials']);
  });

  it('gives up at the deadline what never ends, as if Cloud KMS had not answered in time', async () => {
    const { ask } = askWithin({ deadlineMs: DEADLINE, timers, random: longest });
    const asked = ask(async () => await new Promise<never>(() => undefined));
    const outcome = asked.catch((error: unknown) => error);
    await timers.advance(DEADLINE);
    expect(isOverdue(await outcome)).toBe(true);
    expect(timers.waiting).toBe(0);
  });

  it('asks no more after the deadline, and ends when the last attempt is over', async () => {
    const { ask, end } = askWithin({ deadlineMs: DEADLINE, timers, random: longest });
    let fail = (): void => undefined;
    const outcome = ask(async () => {
      attempts++;
      await new Promise<never>((_, reject) => {
        fail = () => {
          reject(Object.assign(new Error('gone'), { code: 14 }));
        };
      });
    }).catch((error: unknown) => error);
    await timers.advance(DEADLINE);
    expect(isOverdue(await outcome)).toBe(true);
    const state = { ended: false };
    const closed = end().then(() => {
      state.ended = true;
    });
    await timers.advance(0);
    expect(state.ended).toBe(false);
    fail();
    await closed;
    expect(attempts).toBe(1);
    expect(timers.waiting).toBe(0);
  });

  it('ends in a moment even while an attempt is never answered, and begins no other', async () => {
    const { ask, end } = askWithin({ deadlineMs: DEADLINE, timers, random: longest });
    const asked = ask(async (timeoutMs) => {
      attempts++;
      await new Promise<void>((resolve) => timers.after(timeoutMs, resolve));
      throw Object.assign(new Error('late'), { code: 4 });
    }).catch((error: unknown) => error);
    const closed = end();
    await timers.advance(1_000);
    await closed;
    await timers.advance(DEADLINE);
    expect(await asked).toMatchObject({ code: 4 });
    expect(attempts).toBe(1);
  });

  it('asks no more when the deadline passes during a pause', async () => {
    const { ask } = askWithin({ deadlineMs: 100, timers, random: longest });
    const outcome = ask(async () => {
      attempts++;
      await new Promise<void>((resolve) => timers.after(20, resolve));
      throw Object.assign(new Error('away'), { code: 14 });
    }).catch((error: unknown) => error);
    for (let ms = 0; ms < 200; ms += 5) await timers.advance(5);
    expect(isOverdue(await outcome)).toBe(true);
    expect(attempts).toBe(3);
  });
});
