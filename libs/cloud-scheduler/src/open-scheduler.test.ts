import { machine } from '../../../test/support/machine.ts';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import {
  type Job,
  type SchedulerStandIn,
  startSchedulerStandIn,
} from '@keyserver/stand-ins/scheduler';
import { type CloudScheduler, openScheduler } from './index.ts';
import type { SchedulerSettings } from './open-scheduler.ts';

const PARENT = 'projects/health/locations/europe-west1';
const NOW = Date.parse('2026-05-01T10:00:00.250Z');

let cloud: SchedulerStandIn;
const open: CloudScheduler[] = [];

const opened = (change: Partial<SchedulerSettings> = {}): CloudScheduler => {
  const [servicePath = '', port = ''] = cloud.address.split(':');
  const scheduler = openScheduler({
    ...machine,
    projectId: 'health',
    location: 'europe-west1',
    servicePath,
    port: Number(port),
    insecure: true,
    ...change,
  });
  open.push(scheduler);
  return scheduler;
};
const aJob = (id: string, change: Partial<Job> = {}): Job => ({
  name: `${PARENT}/jobs/${id}`,
  schedule: '*/5 * * * *',
  timeZone: 'Etc/UTC',
  httpTarget: {
    uri: 'https://export.example/create-batches',
    httpMethod: 'POST',
    oidcToken: { serviceAccountEmail: 'jobs@health.example', audience: 'https://export.example' },
  },
  retryConfig: { retryCount: 3 },
  attemptDeadline: { seconds: 300 },
  ...change,
});

beforeEach(async () => {
  cloud = await startSchedulerStandIn({ now: () => NOW });
});
afterEach(async () => {
  for (const scheduler of open.splice(0)) await scheduler.close();
  await cloud.close();
});

describe('listing the jobs of a location', () => {
  it('tells everything of them that an operator needs', async () => {
    cloud.add(aJob('export-create-batches', { scheduleTime: { seconds: NOW / 1000, nanos: 0 } }));
    expect(await opened().list()).toEqual([
      {
        name: 'export-create-batches',
        state: 'ENABLED',
        schedule: '*/5 * * * *',
        timeZone: 'Etc/UTC',
        target: {
          uri: 'https://export.example/create-batches',
          method: 'POST',
          token: { audience: 'https://export.example', account: 'jobs@health.example' },
        },
        deadlineSeconds: 300,
        retries: 3,
        lastAttempt: undefined,
        nextRun: NOW - 250,
      },
    ]);
  });

  it('takes a token without an audience for one that is meant for the address called', async () => {
    const { httpTarget } = aJob('a');
    const oidcToken = { serviceAccountEmail: 'jobs@health.example' };
    cloud.add(aJob('a', { httpTarget: { uri: '', httpMethod: '', ...httpTarget, oidcToken } }));
    const [job] = await opened().list();
    expect(job?.target?.token?.audience).toBe('https://export.example/create-batches');
  });

  it.each(['PAUSED', 'DISABLED', 'UPDATE_FAILED'] as const)(
    'knows a job that is %s',
    async (state) => {
      cloud.add(aJob('a', { state }));
      expect(await opened().list()).toMatchObject([{ state }]);
    },
  );

  it.each(['GET', 'PUT', 'DELETE'])(
    'knows a job that sends %s, without a token',
    async (httpMethod) => {
      cloud.add(aJob('a', { httpTarget: { uri: 'https://a.example/', httpMethod } }));
      const target = { uri: 'https://a.example/', method: httpMethod, token: undefined };
      expect(await opened().list()).toMatchObject([{ target }]);
    },
  );

  it('knows a job that sends nothing over HTTP, and that knows no retries', async () => {
    const pubsubTarget = { topicName: 'projects/health/topics/t' };
    cloud.add(aJob('a', { httpTarget: null, pubsubTarget, retryConfig: null }));
    expect(await opened().list()).toMatchObject([{ target: undefined, retries: 0 }]);
  });

  it('gives all of them over several pages', async () => {
    for (let n = 0; n < 1001; n += 1) cloud.add(aJob(`job-${String(n)}`));
    const jobs = await opened().list();
    expect(new Set(jobs.map(({ name }) => name)).size).toBe(1001);
    expect(cloud.faults.calls('ListJobs')).toBe(3);
  });

  it('gives up where the cloud names no end of them', async () => {
    for (let n = 0; n <= 10_000; n += 1) cloud.add(aJob(`job-${String(n)}`));
    await expect(opened().list()).rejects.toThrow('names no end of them');
    expect(cloud.faults.calls('ListJobs')).toBe(20);
  });

  it('leaves those of other locations and projects alone', async () => {
    cloud.add(aJob('a', { name: 'projects/health/locations/us-east1/jobs/a' }));
    cloud.add(aJob('a', { name: 'projects/other/locations/europe-west1/jobs/a' }));
    expect(await opened().list()).toEqual([]);
  });
});

describe('a job', () => {
  it('that is run is tried at once, and its outcome can be read afterwards', async () => {
    const calls: string[] = [];
    const service = createHttpServer((request, response) => {
      calls.push(`${String(request.method)} ${String(request.url)}`);
      response.writeHead(500).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => service.once('listening', resolve));
    const uri = `http://127.0.0.1:${String((service.address() as AddressInfo).port)}/do-work`;
    cloud.add(aJob('a', { httpTarget: { uri, httpMethod: 'POST' } }));
    expect(await opened().run('a')).toMatchObject({ name: 'a' });
    await cloud.settled();
    service.close();
    expect(calls).toEqual(['POST /do-work']);
    const lastAttempt = { time: NOW, status: 'INTERNAL' };
    expect(await opened().list()).toMatchObject([{ lastAttempt }]);
  });

  it('is paused, and resumed', async () => {
    cloud.add(aJob('a'));
    const scheduler = opened();
    expect(await scheduler.pause('a')).toMatchObject({ name: 'a', state: 'PAUSED' });
    expect(await scheduler.list()).toMatchObject([{ state: 'PAUSED' }]);
    expect(await scheduler.resume('a')).toMatchObject({ name: 'a', state: 'ENABLED' });
  });

  it('that is paused or enabled already is left so, though the cloud refuses to do it again', async () => {
    cloud.add(aJob('a'));
    cloud.add(aJob('b', { state: 'PAUSED' }));
    expect(await opened().resume('a')).toMatchObject({ state: 'ENABLED' });
    expect(await opened().pause('b')).toMatchObject({ state: 'PAUSED' });
  });

  it.each(['pause', 'resume'] as const)(
    'that the cloud has disabled cannot be %sd',
    async (verb) => {
      cloud.add(aJob('a', { state: 'DISABLED' }));
      await expect(opened()[verb]('a')).rejects.toThrow(
        `cannot ${verb} a: Cloud Scheduler refuses (FAILED_PRECONDITION)`,
      );
    },
  );

  it.each(['run', 'pause', 'resume'] as const)(
    'that does not exist cannot be told to %s',
    async (verb) => {
      expect(await opened()[verb]('nobody')).toBeUndefined();
    },
  );
});

describe('a fault of the cloud is said in one sentence', () => {
  it.each([
    ['PERMISSION_DENIED', /does not allow it to this account/],
    ['UNAUTHENTICATED', /gcloud auth application-default login/],
    ['UNAVAILABLE', /cannot be reached/],
    ['RESOURCE_EXHAUSTED', /quota of project health/],
    ['INVALID_ARGUMENT', /does not know location europe-west1 of project health/],
    ['INTERNAL', /refuses \(INTERNAL\)/],
  ] as const)('%s', async (code, sentence) => {
    cloud.faults.fail({ method: 'ListJobs', code });
    const failed = opened().list();
    await expect(failed).rejects.toThrow(sentence);
    await expect(failed).rejects.toThrow(/^cannot list the jobs: .*$/);
    expect(cloud.faults.calls('ListJobs')).toBe(1);
  });

  it('and says what could not be done', async () => {
    cloud.faults.fail({ method: 'RunJob', code: 'PERMISSION_DENIED' });
    await expect(opened().run('a')).rejects.toThrow(/^cannot run a: project health /);
  });

  it('when the connection breaks before the answer, and does nothing twice', async () => {
    cloud.add(aJob('a'));
    cloud.faults.cut({ method: 'PauseJob', when: 'after' });
    const scheduler = opened();
    await expect(scheduler.pause('a')).rejects.toThrow('cannot be reached');
    expect(cloud.faults.calls('PauseJob')).toBe(1);
    expect(await scheduler.list()).toMatchObject([{ state: 'PAUSED' }]);
  });

  it('when a page is never answered', async () => {
    cloud.faults.hang({ method: 'ListJobs' });
    await expect(opened({ deadlineMs: 200 }).list()).rejects.toThrow('does not answer in time');
  });

  it('when somebody listens who never speaks', async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const { port } = mute.address() as AddressInfo;
    await expect(opened({ port, deadlineMs: 200 }).list()).rejects.toThrow('in time');
    for (const socket of sockets) socket.destroy();
    mute.close();
  });

  it('when nobody listens', async () => {
    await expect(opened({ port: 1 }).list()).rejects.toThrow('cannot be reached');
  });

  it('when there is nothing to sign in with', async () => {
    const before = process.env;
    // Neither a file of credentials nor a machine of Google's.
    process.env = { CLOUDSDK_CONFIG: '/nowhere', METADATA_SERVER_DETECTION: 'none' };
    try {
      await expect(opened({ insecure: false }).list()).rejects.toThrow(
        /^cannot list the jobs: signing in to Google Cloud failed: /,
      );
    } finally {
      process.env = before;
    }
  });
});
