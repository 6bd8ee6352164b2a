import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { manualTimers } from '@keyserver/time/testing';
import { JOB_ACCOUNT } from './job-issuer.ts';
import {
  type PostJob,
  type ScheduledJob,
  type JobResult,
  attemptJob,
  jobPoster,
  pullJob,
  turnOfQueries,
} from './schedule.ts';

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
  limits: { retries?: number; stopAfter?: number } = {},
): Promise<{ turn: JobResult; pauses: number[]; attempts: number }> {
  const stopping = new AbortController();
  const pauses: number[] = [];
  let attempts = 0;
  const post: PostJob = () => {
    const status = answers[attempts++] ?? 0;
    if (attempts === limits.stopAfter) stopping.abort();
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
  const { retries = 3 } = limits;
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

const exportJob: ScheduledJob = {
  name: 'do-work',
  service: 'export',
  route: '/do-work',
  schedule: { production: '* * * * *', development: '* * * * *' },
  deadlineSeconds: 60,
  retries: 0,
};
const allAt = (url: string) => ({ export: url, cleanup: url, trust: url, 'federation-pull': url });
const forEver = new AbortController().signal;

async function withServer<T>(status: number, use: (url: string, seen: string[]) => Promise<T>) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    seen.push(`${request.method ?? ''} ${request.url ?? ''} ${authorization ?? ''}`);
    if (status === 0) return;
    response.writeHead(status).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('sending a job', () => {
  it.each([200, 401, 500])('posts with a token for that service and reports %d', async (status) => {
    await withServer(status, async (url, seen) => {
      const mint = (identity: { audience: string; email: string }): Promise<string> =>
        Promise.resolve(`${identity.audience}|${identity.email}`);
      expect(await jobPoster(allAt(url), mint)(exportJob, forEver)).toBe(status);
      expect(seen).toEqual([`POST /do-work Bearer ${url}|${JOB_ACCOUNT}`]);
    });
  });

  it('rejects when nobody answers before the signal', async () => {
    await withServer(0, async (url, seen) => {
      const stopping = new AbortController();
      const posted = jobPoster(allAt(url), () => Promise.resolve('t'))(exportJob, stopping.signal);
      while (seen.length === 0) await new Promise(setImmediate);
      stopping.abort();
      await expect(posted).rejects.toThrow(/aborted/);
    });
  });

  it('rejects when nobody listens', async () => {
    const gone = await withServer(200, (url) => Promise.resolve(url));
    const posted = jobPoster(allAt(gone), () => Promise.resolve('t'))(exportJob, forEver);
    await expect(posted).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('the jobs of federation queries', () => {
  it('ask for a query by its id, as often as the table of jobs says', () => {
    expect(pullJob('eu-west')).toMatchObject({
      ...{ service: 'federation-pull', route: '/?query-id=eu-west', retries: 1 },
      deadlineSeconds: 540,
    });
    expect(pullJob('a').schedule.production).toBe('*/15 * * * *');
  });

  it('are those that are configured at each turn, one at a time for each query', async () => {
    const turns = [['a'], ['a', 'b'], ['b']];
    const posted: string[] = [];
    const ends: (() => void)[] = [];
    const running = turnOfQueries(
      async () => await Promise.resolve(turns.shift() ?? []),
      async ({ route }) => {
        posted.push(route);
        await new Promise<void>((resolve) => ends.push(resolve));
      },
    );
    const first = running();
    await new Promise(setImmediate);
    const second = running(); // the first turn of a is still running
    await new Promise(setImmediate);
    expect(posted).toEqual(['/?query-id=a', '/?query-id=b']);
    for (const end of ends) end();
    await Promise.all([first, second]);
    const third = running();
    await new Promise(setImmediate);
    expect(posted.at(-1)).toBe('/?query-id=b');
    for (const end of ends) end();
    await third;
  });
});
