import type { UnixMillis } from '@keyserver/time';

/** What a job requests, and whom its identity token makes it. */
export interface JobTarget {
  readonly uri: string;
  readonly method: string;
  /** Undefined for a job that says nothing of who it is. */
  readonly token: { readonly audience: string; readonly account: string } | undefined;
}

/** A job as the cloud's scheduler has it. */
export interface JobState {
  /** Its id within the project and location. */
  readonly name: string;
  readonly state: 'ENABLED' | 'PAUSED' | 'DISABLED' | 'UPDATE_FAILED' | 'UNKNOWN';
  readonly schedule: string;
  readonly timeZone: string;
  /** Undefined for a job that does not send HTTP requests. */
  readonly target: JobTarget | undefined;
  readonly deadlineSeconds: number;
  readonly retries: number;
  /** When it was last tried, and the name of the gRPC status that this came to. */
  readonly lastAttempt: { readonly time: UnixMillis; readonly status: string } | undefined;
  readonly nextRun: UnixMillis | undefined;
}

/** The scheduler of one project and location. Whatever names a job gives undefined when there is none of that name. */
export interface Scheduler {
  list(): Promise<readonly JobState[]>;
  /** Has the job tried now, and does not wait for the outcome. */
  run(name: string): Promise<JobState | undefined>;
  /** No more turns; a job that is paused stays so. */
  pause(name: string): Promise<JobState | undefined>;
  /** Turns again; a job that is enabled stays so. */
  resume(name: string): Promise<JobState | undefined>;
}
