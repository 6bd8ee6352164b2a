import { EventEmitter, once } from 'node:events';
import { seededRandom } from '@keyserver/random/testing';
import { recordingLog } from '@keyserver/log/testing';
import type { EndedRequest } from '@keyserver/telemetry';
import { simulatedClock, systemTimers, unixMillis } from '@keyserver/time';
import { createJobApp } from './job-service.ts';
import { type RunningServer, listen } from './listen.ts';
import { rawConnection } from './testing/raw-http.ts';
import { aService } from './testing/an-app.ts';
import { leaveOut } from './watch-requests.ts';

const TRACE = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
const headers = { traceparent: `00-${TRACE.traceId}-${TRACE.spanId}-01` };

const observed: EndedRequest[] = [];
const observeRequest = (request: EndedRequest): void => {
  observed.push(request);
};
const closing: (() => Promise<void>)[] = [];

beforeEach(() => {
  observed.length = 0;
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function aWatched(
  routes: NonNullable<Parameters<typeof aService>[0]['routes']>,
): ReturnType<typeof aService> {
  const service = await aService({ routes, observeRequest });
  closing.push(service.server.close);
  return service;
}

const messages = ({ events }: Pick<Awaited<ReturnType<typeof aWatched>>, 'events'>): unknown =>
  events().map(({ message }) => message);

describe('a request', () => {
  it('has one event when its route has none of its own', async () => {
    const service = await aWatched((app) => {
      app.get('/plain/:name', (_request, response) => void response.send('{}'));
    });
    await service.fetch('/plain/chosen-by-a-client', { headers });
    const ended = { route: '/plain/:name', status: 200 };
    expect(service.events()).toMatchObject([
      { message: 'request.served', severity: 'DEBUG', ...ended, ms: expect.any(Number) as number },
    ]);
    expect(observed).toMatchObject([{ ...ended, method: 'GET', result: 'ok' }]);
    expect(observed[0]?.callersTrace).toBeUndefined();
    expect(JSON.stringify([observed, service.lines])).not.toMatch(/chosen|aaaa/);
  });

  it('has no second event when its route says how it ended, or when that was a fault', async () => {
    const service = await aWatched((app, logOf) => {
      app.get('/told', (request, response) => {
        logOf(request).event('publish.refused', { code: 'bad_request', status: 413 });
        response.status(413).send('{}');
      });
      app.get('/fault', () => Promise.reject(new Error('no')));
    });
    await service.fetch('/told');
    await service.fetch('/fault');
    expect(messages(service)).toEqual(['publish.refused', 'request.fault']);
    expect(observed).toMatchObject([
      { result: 'bad_request', status: 413 },
      { result: 'fault', status: 500 },
    ]);
  });

  it('that is left out has no event, and is observed by nobody', async () => {
    const service = await aWatched((app) => {
      app.get('/cover', (_request, response) => {
        leaveOut(response);
        response.send('{}');
      });
    });
    await service.fetch('/cover');
    expect([service.events(), observed]).toEqual([[], []]);
  });

  it.each([
    [401, 'refused'],
    [503, 'failed'],
  ])('that is answered with %d and nothing else ended as %s', async (status, result) => {
    const service = await aWatched((app) => {
      app.get('/plain', (_request, response) => void response.status(status).send('{}'));
    });
    await service.fetch('/plain');
    expect(observed).toMatchObject([{ status, result }]);
    expect(messages(service)).toEqual(['request.unserved']);
  });

  it('for a path that is not served has no route, and an unusual method no name', async () => {
    const service = await aWatched(() => undefined);
    await service.fetch('/nothing', { method: 'PROPFIND' });
    expect(observed).toMatchObject([{ method: 'other', status: 404, result: 'not_found' }]);
    expect(observed[0]?.route).toBeUndefined();
  });

  it('whose client goes away before the answer ended as aborted', async () => {
    const told = new EventEmitter();
    const service = await aService({
      routes: (app) => {
        app.get('/slow', () => void told.emit('arrived'));
      },
      observeRequest: (request) => told.emit('ended', request),
    });
    closing.push(service.server.close);
    const [arrived, ended] = [once(told, 'arrived'), once(told, 'ended')];
    const connection = await rawConnection(service.server.port);
    connection.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await arrived;
    connection.destroy();
    expect(await ended).toMatchObject([{ route: '/slow', result: 'aborted' }]);
  });
});

describe('a request that starts a job', () => {
  const { log, events } = recordingLog();
  let server: RunningServer;

  async function aJob(kind: 'caller' | 'forbidden'): Promise<void> {
    const app = createJobApp(
      {
        ...{ log, observeRequest, timers: systemTimers, random: seededRandom('jobs') },
        clock: simulatedClock(unixMillis(1_700_000_000_000)),
        health: () => Promise.resolve(),
        verifyCaller: async () =>
          await Promise.resolve(
            kind === 'caller'
              ? { kind, email: 'jobs@example.org' }
              : { kind, reason: 'not_granted' },
          ),
      },
      { '/work': async () => await Promise.resolve({ kind: 'done', done: 1, left: 0 }) },
    );
    server = await listen(app, { port: 0, timers: systemTimers });
    closing.push(server.close);
    await fetch(`${server.url}/work`, { method: 'POST', headers });
  }

  it('has no event besides those of the job, and is linked to the trace of its caller', async () => {
    await aJob('caller');
    expect(events()).toEqual([]);
    expect(observed).toMatchObject([{ route: '/work', result: 'ok', callersTrace: TRACE }]);
  });

  it('is linked to no trace when its caller is not ours', async () => {
    await aJob('forbidden');
    expect(events().map(({ message }) => message)).toEqual(['caller.refused']);
    expect(observed).toMatchObject([{ route: '/work', status: 403, result: 'caller_refused' }]);
    expect(observed[0]?.callersTrace).toBeUndefined();
  });
});
