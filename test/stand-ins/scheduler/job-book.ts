import { Refusal } from '../grpc/refusal.ts';
import type { Job } from './job.ts';

const NAME = /^projects\/[^/]+\/locations\/[^/]+\/jobs\/[\w-]{1,500}$/;
const SCHEDULE = /^\S+( \S+){4}$/;
const DEADLINE_SECONDS = { min: 15, max: 1800, default: 180 };

type State = NonNullable<Job['state']>;

/** The jobs that exist, by their full names. */
export class JobBook {
  readonly #jobs = new Map<string, Job>();

  /** A new job, held to what the cloud demands of one. */
  create(job: Job): Job {
    if (this.#jobs.has(job.name)) throw new Refusal('ALREADY_EXISTS', 'Job already exists.');
    const kept: Job = {
      ...job,
      state: job.state ?? 'ENABLED',
      timeZone: job.timeZone === undefined || job.timeZone === '' ? 'UTC' : job.timeZone,
      attemptDeadline: job.attemptDeadline ?? { seconds: DEADLINE_SECONDS.default },
    };
    const flaw = flawOf(kept);
    if (flaw !== undefined) throw new Refusal('INVALID_ARGUMENT', flaw);
    return this.put(kept);
  }

  get(name: string): Job {
    const job = this.#jobs.get(name);
    if (job === undefined) throw new Refusal('NOT_FOUND', 'Job not found.');
    return job;
  }

  put(job: Job): Job {
    this.#jobs.set(job.name, job);
    return job;
  }

  /** Notes how an attempt of a job went; the job may be gone by then. */
  note(name: string, attempt: Pick<Job, 'lastAttemptTime' | 'status'>): void {
    const job = this.#jobs.get(name);
    if (job !== undefined) this.put({ ...job, ...attempt });
  }

  remove(name: string): void {
    this.#jobs.delete(name);
  }

  /** From one state to another, and from no other. */
  move(name: string, from: State, to: State): Job {
    const job = this.get(name);
    if (job.state !== from) throw new Refusal('FAILED_PRECONDITION', `The job is not ${from}.`);
    return this.put({ ...job, state: to });
  }

  /** The jobs of a location, by name. */
  below(parent: string): readonly Job[] {
    return [...this.#jobs.values()]
      .filter(({ name }) => name.startsWith(`${parent}/jobs/`))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function flawOf({ name, schedule, httpTarget, attemptDeadline }: Job): string | undefined {
  const { min, max } = DEADLINE_SECONDS;
  const seconds = attemptDeadline?.seconds ?? min;
  if (!NAME.test(name)) return 'Job name must be formatted projects/P/locations/L/jobs/J.';
  if (!SCHEDULE.test(schedule)) return 'Schedule or time zone is invalid.';
  if (seconds < min || seconds > max) return 'The attempt deadline is out of range.';
  if (httpTarget && URL.parse(httpTarget.uri) === null) return 'The target is not a valid URL.';
  return undefined;
}
