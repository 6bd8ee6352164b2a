import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ScheduledJob } from './jobs.ts';
import { JOB_ACCOUNT, jobPoster } from './post-job.ts';

const job: ScheduledJob = {
  name: 'do-work',
  service: 'export',
  route: '/do-work',
  schedule: { production: '* * * * *', development: '* * * * *' },
  deadlineSeconds: 60,
  retries: 0,
};
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
      const mint = (of: { audience: string; email: string }): Promise<string> =>
        Promise.resolve(`${of.audience}|${of.email}`);
      expect(await jobPoster({ export: url }, mint)(job, forEver)).toBe(status);
      expect(seen).toEqual([`POST /do-work Bearer ${url}|${JOB_ACCOUNT}`]);
    });
  });

  it('rejects when nobody answers before the signal', async () => {
    await withServer(0, async (url, seen) => {
      const stopping = new AbortController();
      const posted = jobPoster({ export: url }, () => Promise.resolve('t'))(job, stopping.signal);
      while (seen.length === 0) await new Promise(setImmediate);
      stopping.abort();
      await expect(posted).rejects.toThrow(/aborted/);
    });
  });

  it('rejects when nobody listens', async () => {
    const gone = await withServer(200, (url) => Promise.resolve(url));
    const posted = jobPoster({ export: gone }, () => Promise.resolve('t'))(job, forEver);
    await expect(posted).rejects.toThrow(/ECONNREFUSED/);
  });
});
