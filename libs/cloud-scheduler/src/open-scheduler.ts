import { CloudSchedulerClient, type protos } from '@google-cloud/scheduler';
import { within } from '@keyserver/retry';
import { SECOND, type Timers } from '@keyserver/time';
import { GoogleAuth, PassThroughClient } from 'google-auth-library';
import { type CallOptions, type ClientOptions, grpc } from 'google-gax';
import { type CloudJob, cloudJob } from './cloud-job.ts';
import { type Place, SchedulerFault, codeOf, schedulerFault } from './scheduler-fault.ts';

// What could not be opened need not be closed.
const ignoreUnopened = (): void => undefined;

/** Where the jobs are, and how Cloud Scheduler is reached. */
export interface SchedulerSettings extends Place {
  /** Another host than Google's. */
  readonly servicePath?: string;
  readonly port?: number;
  /** Plain text and no credentials: for a stand-in on this machine only. */
  readonly insecure?: boolean;
  /** How long a call may take in all, signing in included; 15 seconds unless told. */
  readonly deadlineMs?: number;
  readonly timers: Timers;
}

/** The jobs of a project and location. Whatever names a job gives undefined when there is none of that name. */
export interface CloudScheduler {
  list(): Promise<readonly CloudJob[]>;
  run(name: string): Promise<CloudJob | undefined>;
  pause(name: string): Promise<CloudJob | undefined>;
  resume(name: string): Promise<CloudJob | undefined>;
  close(): Promise<void>;
}

type Job = protos.google.cloud.scheduler.v1.IJob;
interface Request {
  readonly name: string;
}
type Answer = Promise<[Job, ...unknown[]]>;

const PAGE = 500;
/** More pages than a location can fill: a server that always knows of another one is left. */
const MAX_PAGES = 20;

/** Opens Cloud Scheduler for an operator. Nothing is repeated by itself: who is told at once what failed can decide. */
export function openScheduler(settings: SchedulerSettings): CloudScheduler {
  const { projectId, location, deadlineMs = 15 * SECOND, timers } = settings;
  const client = new CloudSchedulerClient(clientOptions(settings));
  const options: CallOptions = { timeout: deadlineMs, retry: null, autoPaginate: false };
  const bounded = async <T>(doing: string, call: () => Promise<T>): Promise<T> => {
    try {
      // First, since a call that finds no credentials leaves a rejection that nobody can catch.
      return await within({ ms: deadlineMs, timers }, async () => {
        await client.initialize();
        return await call();
      });
    } catch (error) {
      throw schedulerFault(error, doing, settings);
    }
  };
  const requestFor = (name: string): Request => ({
    name: client.jobPath(projectId, location, name),
  });
  const get = async (of: Request): Answer => await client.getJob(of, options);
  const pause = async (of: Request): Answer => await client.pauseJob(of, options);
  const resume = async (of: Request): Answer => await client.resumeJob(of, options);
  const run = async (of: Request): Answer => await client.runJob(of, options);

  return {
    list: async () =>
      await bounded('list the jobs', async () => await allJobs(client, settings, options)),
    run: async (name) =>
      await bounded(`run ${name}`, async () => await unlessMissing(run(requestFor(name)))),
    pause: async (name) => {
      const of = requestFor(name);
      const settled = async () => await settle('PAUSED', { get, change: pause }, of);
      return await bounded(`pause ${name}`, settled);
    },
    resume: async (name) => {
      const of = requestFor(name);
      const settled = async () => await settle('ENABLED', { get, change: resume }, of);
      return await bounded(`resume ${name}`, settled);
    },
    close: async () => {
      await client.close().catch(ignoreUnopened);
    },
  };
}

function clientOptions({
  projectId,
  servicePath,
  port,
  insecure,
}: SchedulerSettings): ClientOptions {
  return {
    projectId,
    fallback: false,
    ...(servicePath === undefined ? {} : { servicePath }),
    ...(port === undefined ? {} : { port }),
    ...(insecure === true ? withoutCredentials() : {}),
  };
}

// Even over plain text the client would look for credentials, and for a machine of Google's that has some.
const withoutCredentials = (): Pick<ClientOptions, 'auth' | 'sslCreds'> => ({
  auth: new GoogleAuth({ authClient: new PassThroughClient() }),
  sslCreds: grpc.credentials.createInsecure(),
});

async function allJobs(
  client: CloudSchedulerClient,
  { projectId, location }: Place,
  options: CallOptions,
): Promise<readonly CloudJob[]> {
  const parent = client.locationPath(projectId, location);
  const jobs: CloudJob[] = [];
  let pageToken = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const [found, , answer] = await client.listJobs({ parent, pageSize: PAGE, pageToken }, options);
    jobs.push(...found.map(cloudJob));
    pageToken = answer.nextPageToken ?? '';
    if (pageToken === '') return jobs;
  }
  throw new SchedulerFault('cannot list the jobs: Cloud Scheduler names no end of them');
}

async function unlessMissing(answer: Answer): Promise<CloudJob | undefined> {
  try {
    const [job] = await answer;
    return cloudJob(job);
  } catch (error) {
    if (codeOf(error) === grpc.status.NOT_FOUND) return undefined;
    throw error;
  }
}

/** Brings a job into a state. The cloud refuses that for a job that is in it already; for an operator it is done. */
async function settle(
  state: CloudJob['state'],
  { get, change }: { get: (of: Request) => Answer; change: (of: Request) => Answer },
  of: Request,
): Promise<CloudJob | undefined> {
  try {
    return await unlessMissing(change(of));
  } catch (error) {
    if (codeOf(error) !== grpc.status.FAILED_PRECONDITION) throw error;
    const job = await unlessMissing(get(of));
    if (job?.state === state) return job;
    throw error;
  }
}
