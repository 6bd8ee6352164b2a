import { manualTimers } from '@keyserver/time/testing';
import { type PostJob, type Turn, attemptJob } from './attempt-job.ts';
import type { ScheduledJob } from './jobs.ts';

const job: ScheduledJob = {
  name: 'do-work',
  service: 'export',
  route: '/do-work',
  schedule: { production: '* * * * *', development: '* * * * *' },
  deadlineSeconds: 60,
  retries: 3,
};

/** A service that gives these answers in turn; 0 stands for none. */
async function turnWith(
  answers: readonly number[],
  of: { retries?: number; stopAfter?: number } = {},
): Promise<{ turn: Turn; pauses: number[]; attempts: number }> {
  const stopping = new AbortController();
  const pauses: number[] = [];
  let attempts = 0;
  const post: PostJob = () => {
    const status = answers[attempts++] ?? 0;
    if (attempts === of.stopAfter) stopping.abort();
    return status === 0 ? Promise.reject(new Error('no answer')) : Promise.resolve(status);
  };
  const timers = {
    ...manualTimers(),
    after: (ms: number, then: () => void) => {
      if (ms !== job.deadlineSeconds * 1000) {
        pauses.push(ms);
        queueMicrotask(then);
      }
      return () => undefined;
    },
  };
  const { retries = 3 } = of;
  const turn = await attemptJob({ ...job, retries }, { post, timers, signal: stopping.signal });
  return { turn, pauses, attempts };
}

describe('a turn of a job', () => {
  it('is one attempt when it is answered', async () => {
    expect(await turnWith([200])).toEqual({ turn: { kind: 'done' }, pauses: [], attempts: 1 });
  });

  it('is repeated while it fails, after ever longer pauses', async () => {
    const { turn, pauses } = await turnWith([500, 0, 503, 204]);
    expect(turn).toEqual({ kind: 'done' });
    expect(pauses).toEqual([5000, 10_000, 20_000]);
  });

  it.each([[[500, 500, 500, 500, 200], 500] as const, [[0, 0, 0, 0, 200], 0] as const])(
    'is given up after its retries: %j',
    async (answers, status) => {
      const { turn, attempts } = await turnWith(answers);
      expect(turn).toEqual({ kind: 'failed', status });
      expect(attempts).toBe(4);
    },
  );

  it.each([301, 304, 400, 401, 403, 404, 429, 500])('has failed with status %d', async (status) => {
    expect((await turnWith([status], { retries: 0 })).turn).toEqual({ kind: 'failed', status });
  });

  it('pauses no longer than 160 seconds', async () => {
    const { pauses } = await turnWith([], { retries: 8 });
    expect(Math.max(...pauses)).toBe(160_000);
  });

  it('is not repeated once the launcher stops', async () => {
    const { turn, attempts } = await turnWith([500, 200], { stopAfter: 1 });
    expect(turn).toEqual({ kind: 'stopped' });
    expect(attempts).toBe(1);
  });
});
