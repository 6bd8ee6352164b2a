import { type JobReport, type Leases, jobRunner, withLease } from '@keyserver/jobs';
import { type CreateBatchesDeps, createBatches } from './create-batches.ts';
import { type DoWorkDeps, doWork } from './do-work.ts';

/** The service's jobs, as the scheduler starts them. */
export interface ScheduledJobs {
  readonly createBatches: () => Promise<JobReport>;
  readonly doWork: () => Promise<JobReport>;
  /** Ends the jobs that are running between two of their steps, and waits for them. */
  readonly stop: () => Promise<void>;
}

/** What the jobs take besides what their work takes. */
export interface ScheduledJobsDeps extends CreateBatchesDeps, DoWorkDeps {
  readonly units: CreateBatchesDeps['units'] & DoWorkDeps['units'];
  readonly leases: Leases;
  /** Whether jobs have nothing to do, since the server has ended or sleeps; never unless given. */
  readonly standsStill?: () => Promise<boolean>;
  /** Notes when a server that is closing has brought out what it had. */
  readonly checkClosing: () => Promise<void>;
  readonly deadlines: { readonly createBatches: number; readonly doWork: number };
}

/** Runs the jobs under their deadlines. Batches are cut by one run at a time; work goes on in any number of them. */
export function scheduledJobs(deps: ScheduledJobsDeps): ScheduledJobs {
  const { deadlines } = deps;
  const { run, stop } = jobRunner(deps);
  return {
    createBatches: async () =>
      await run(
        'create-batches',
        deadlines.createBatches,
        async ({ signal }) => await cut(deps, signal),
      ),
    doWork: async () =>
      await run('do-work', deadlines.doWork, async (job) => await doWork(deps, job)),
    stop,
  };
}

async function cut(deps: ScheduledJobsDeps, signal: AbortSignal): Promise<JobReport> {
  const { leases, leaseMs, timers } = deps;
  const lease = { leases, name: 'create-batches', lengthMs: leaseMs, signal, timers };
  return await withLease(lease, async (held) => {
    const { created, left, failed } = await createBatches(deps, held.signal);
    await deps.checkClosing();
    const problems = failed.map((name) => `what is due of ${name} could not be created`);
    if (left > 0 && created === 0) problems.push('the run ended before a batch was created');
    return problems.length === 0
      ? { kind: 'done', done: created, left }
      : { kind: 'failed', done: created, left, problems };
  });
}
