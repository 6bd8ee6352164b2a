import type { DocumentStore } from '@keyserver/docstore';
import type { AloneDeps } from '@keyserver/jobs';
import type { JobName } from '@keyserver/log';
import { noteCompleted, readCompleted } from '@keyserver/stores';
import type { ReadProgress } from '@keyserver/service';

/**
 * Notes in the store that a run has done all that was due, so that figures tell when a job last did, whichever process is asked. A
 * run that leaves something to the next, or fails, is not noted.
 */
export const completedRuns =
  (store: DocumentStore): AloneDeps['noteRun'] =>
  async (job, report) => {
    if (report.kind === 'done' && report.left === 0) await noteCompleted(store, job);
  };

/** Tells when jobs last did all that was due. */
export const jobProgress =
  (store: DocumentStore, jobs: readonly JobName[]): ReadProgress =>
  async (tell) => {
    const completed = await readCompleted(store, jobs);
    for (const [n, job_name] of jobs.entries()) {
      const at = completed[n];
      if (at !== undefined) tell('keyserver_job_completed_timestamp_seconds', { job_name }, at);
    }
  };
