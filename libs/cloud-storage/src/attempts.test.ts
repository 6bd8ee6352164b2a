import { seededRandom } from '@keyserver/random/testing';
import { manualTimers } from '@keyserver/time/testing';
import { repeatedly } from './attempts.ts';
import { CloudStorageFault } from './fault.ts';

const LIMITS = {
  ...{ callMillis: 1000, contentMillis: 1000, attempts: 3 },
  ...{ firstPauseMs: 500, longestPauseMs: 10_000 },
};

/** A call that fails in the same way each time, with the longest pauses that chance can give. */
function failing(error: unknown) {
  const timers = manualTimers();
  const random = { ...seededRandom('pause'), below: (bound: number) => bound - 1 };
  const heard: number[] = [];
  const outcome = repeatedly({ limits: LIMITS, timers, random }, async (_signal, attempt) => {
    heard.push(attempt);
    await Promise.resolve();
    throw error;
  }).catch((thrown: unknown) => thrown);
  return { timers, heard, outcome };
}

describe('a request to Cloud Storage that may be repeated', () => {
  it('is sent again after a pause while Cloud Storage is away, as often as it may be', async () => {
    const away = { status: 503 };
    const { timers, heard, outcome } = failing(away);
    await timers.advance(499);
    expect(heard).toEqual([1]);
    await timers.advance(1);
    expect(heard).toEqual([1, 2]);
    await timers.advance(1000);
    expect(heard).toEqual([1, 2, 3]);
    expect(await outcome).toBe(away);
    expect(timers.waiting).toBe(0);
  });

  it.each([{ status: 403 }, new CloudStorageFault('corrupted', 'reading')])(
    'is not sent again when that would not help: %p',
    async (error) => {
      const { heard, outcome } = failing(error);
      expect(await outcome).toBe(error);
      expect(heard).toEqual([1]);
    },
  );
});
