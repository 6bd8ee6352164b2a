import { status } from '@grpc/grpc-js';
import { CallFaultPlan, type CallFaults } from '../grpc/call-faults.ts';
import { Refusal } from '../grpc/refusal.ts';
import { type Message, type Methods, serveGrpc } from '../grpc/serve-grpc.ts';
import { JobBook } from './job-book.ts';
import { type Job, statusOfAnswer, timestampOf } from './job.ts';
import { type MintToken, sendAttempt } from './send-attempt.ts';

/** A running stand-in for Cloud Scheduler, as far as the server uses it. It has no clock of its own: a job runs when it is told to. */
export interface SchedulerStandIn {
  /** Host and port, for gRPC in plain text. */
  readonly address: string;
  readonly faults: CallFaults;
  /** Adds a job, as if by CreateJob; gives its full name. */
  add(job: Job): string;
  remove(name: string): void;
  /** Settles when every attempt under way has ended. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** How a stand-in is started. */
export interface SchedulerOptions {
  readonly port?: number;
  /** Milliseconds since 1970; the machine's clock unless told. */
  readonly now?: () => number;
  /** Makes the tokens that jobs carry; without it they carry none. */
  readonly mint?: MintToken;
}

const MAX_PAGE = 500;

/** Starts a stand-in on a port of this machine, a free one unless told. */
export async function startSchedulerStandIn(
  options: SchedulerOptions = {},
): Promise<SchedulerStandIn> {
  const { port = 0, now = Date.now, mint } = options;
  const book = new JobBook();
  const faults = new CallFaultPlan();
  const attempts = new Set<Promise<void>>();
  const attempt = (job: Job): void => {
    const running = runAttempt(job, { book, now, mint }).finally(() => attempts.delete(running));
    attempts.add(running);
  };
  const server = await serveGrpc({
    client: '@google-cloud/scheduler',
    service: 'google.cloud.scheduler.v1.CloudScheduler',
    ...{ methods: methodsOf(book, attempt), faults, port },
  });
  return {
    address: server.address,
    faults,
    add: (job) => book.create(job).name,
    remove: (name) => {
      book.remove(name);
    },
    settled: async () => {
      while (attempts.size > 0) await Promise.all(attempts);
    },
    close: server.close,
  };
}

const methodsOf = (book: JobBook, attempt: (job: Job) => void): Methods => ({
  ListJobs: (request) => page(book, request),
  GetJob: (request) => message(book.get(nameOf(request))),
  CreateJob: ({ parent, job }) => {
    const { name } = job as Job;
    if (!name.startsWith(`${String(parent)}/jobs/`))
      throw new Refusal('INVALID_ARGUMENT', 'The job is not below its parent.');
    return message(book.create(job as Job));
  },
  PauseJob: (request) => message(book.move(nameOf(request), 'ENABLED', 'PAUSED')),
  ResumeJob: (request) => message(book.move(nameOf(request), 'PAUSED', 'ENABLED')),
  RunJob: (request) => {
    const job = book.get(nameOf(request));
    attempt(job);
    return message(job);
  },
});

const nameOf = ({ name }: Message): string => String(name);

const message = (job: Job): Message => ({ ...job });

function page(book: JobBook, { parent, pageSize, pageToken }: Message): Message {
  const jobs = book.below(String(parent));
  const from = Number(pageToken); // no token is the start
  const size = Number(pageSize) === 0 ? MAX_PAGE : Math.min(Number(pageSize), MAX_PAGE);
  const until = from + size;
  return {
    jobs: jobs.slice(from, until).map(message),
    nextPageToken: until < jobs.length ? String(until) : '',
  };
}

async function runAttempt(
  job: Job,
  of: { readonly book: JobBook; readonly now: () => number; readonly mint: MintToken | undefined },
): Promise<void> {
  const { httpTarget, attemptDeadline } = job;
  if (httpTarget === null || httpTarget === undefined) return;
  const lastAttemptTime = timestampOf(of.now());
  const deadlineMs = (attemptDeadline?.seconds ?? 0) * 1000;
  const code = statusOfAnswer(await sendAttempt(httpTarget, { mint: of.mint, deadlineMs }));
  of.book.note(job.name, { lastAttemptTime, status: { code: status[code] } });
}
