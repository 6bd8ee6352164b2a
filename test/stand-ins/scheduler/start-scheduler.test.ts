import { createRequire } from 'node:module';
import { type SchedulerStandIn, startSchedulerStandIn } from './start-scheduler.ts';

// The layers keep Google's clients within their rooms; a stand-in has to be held to what they understand all the same.
const fromClient = createRequire(
  new URL('../../../libs/cloud-scheduler/package.json', import.meta.url),
);

const PARENT = 'projects/health/locations/europe-west1';

/** As much of Google's client as is used here. */
interface Client {
  createJob(request: object): Promise<[{ readonly name: string; readonly timeZone: string }]>;
  getJob(request: object): Promise<[{ readonly schedule: string }]>;
  listJobs(
    request: object,
    options: object,
  ): Promise<[unknown[], unknown, { nextPageToken: string }]>;
  close(): Promise<void>;
}

let cloud: SchedulerStandIn;
let client: Client;

beforeAll(async () => {
  cloud = await startSchedulerStandIn();
  const { CloudSchedulerClient } = fromClient('@google-cloud/scheduler') as {
    CloudSchedulerClient: new (options: object) => Client;
  };
  const { grpc, GoogleAuth } = fromClient('google-gax') as {
    grpc: { credentials: { createInsecure(): unknown } };
    GoogleAuth: new (options: object) => unknown;
  };
  const { PassThroughClient } = fromClient('google-auth-library') as {
    PassThroughClient: new () => unknown;
  };
  const [servicePath, port] = cloud.address.split(':');
  client = new CloudSchedulerClient({
    ...{ projectId: 'health', servicePath, port: Number(port) },
    auth: new GoogleAuth({ authClient: new PassThroughClient() }),
    sslCreds: grpc.credentials.createInsecure(),
  });
});
afterAll(async () => {
  await client.close();
  await cloud.close();
});

const job = (id: string, change: object = {}): object => ({
  parent: PARENT,
  job: { name: `${PARENT}/jobs/${id}`, schedule: '* * * * *', ...change },
});

describe('the stand-in for Cloud Scheduler', () => {
  it('creates a job as the cloud does, in UTC unless told', async () => {
    const [created] = await client.createJob(job('created'));
    expect(created).toMatchObject({ name: `${PARENT}/jobs/created`, timeZone: 'UTC' });
    const [found] = await client.getJob({ name: `${PARENT}/jobs/created` });
    expect(found.schedule).toBe('* * * * *');
  });

  it('gives jobs in pages of the size that is asked for', async () => {
    await client.createJob(job('one'));
    await client.createJob(job('two'));
    const options = { autoPaginate: false };
    const [jobs, , { nextPageToken }] = await client.listJobs(
      { parent: PARENT, pageSize: 1 },
      options,
    );
    expect([jobs.length, nextPageToken === '']).toEqual([1, false]);
  });

  it('refuses a job that exists', async () => {
    await client.createJob(job('twice'));
    await expect(client.createJob(job('twice'))).rejects.toMatchObject({ code: 6 });
  });

  it.each([
    ['no name', { name: `${PARENT}/jobs/a b` }],
    ['a name elsewhere', { name: 'projects/other/locations/europe-west1/jobs/a' }],
    ['no schedule', { schedule: '' }],
    ['a schedule of seconds', { schedule: '* * * * * *' }],
    ['a deadline of a second', { attemptDeadline: { seconds: 1 } }],
    ['a deadline of an hour', { attemptDeadline: { seconds: 3600 } }],
    ['no address', { httpTarget: { uri: 'nowhere' } }],
  ])('refuses a job with %s', async (_what, change) => {
    await expect(client.createJob(job('refused', change))).rejects.toMatchObject({ code: 3 });
  });

  it('does nothing when a call is planned to fail, and serves the next one', async () => {
    cloud.faults.fail({ method: 'CreateJob', code: 'INTERNAL', after: 1 });
    await client.createJob(job('first'));
    await expect(client.createJob(job('second'))).rejects.toMatchObject({ code: 13 });
    await expect(client.getJob({ name: `${PARENT}/jobs/second` })).rejects.toMatchObject({
      code: 5,
    });
    cloud.faults.clear();
    expect(cloud.faults.calls('CreateJob')).toBe(0);
    await client.createJob(job('second'));
    expect(cloud.faults.calls('CreateJob')).toBe(1);
  });
});
