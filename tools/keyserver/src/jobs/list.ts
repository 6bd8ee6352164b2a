import type { JobState } from '@keyserver/scheduled-jobs';
import type { Command } from 'commander';
import { exampleOf } from '../options.ts';
import { instantText, jsonText, printable, table } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type JobsOptions, addJobsOptions, withScheduler } from './options.ts';

/** `jobs list`: what is scheduled, and how each job went last. */
export function addJobsList(jobs: Command, context: CommandContext): void {
  addJobsOptions(jobs.command('list'))
    .description('List the jobs: when they run, what they call, how they went last.')
    .addHelpText('after', exampleOf('jobs list --project my-project --location europe-west1'))
    .action(async (options: JobsOptions) => {
      const all = await withScheduler(
        options,
        context,
        async (scheduler) => await scheduler.list(),
      );
      const ours = all.filter(({ name }) => name.startsWith(options.prefix));
      const named = ours.map((job) => ({ ...job, name: job.name.slice(options.prefix.length) }));
      context.terminal.out(
        options.json === true ? jsonText(named.map(jobForMachines)) : render(named),
      );
    });
}

const HEADING = ['JOB', 'STATE', 'SCHEDULE', 'NEXT RUN', 'LAST TRIED', 'OUTCOME', 'CALLS'];

const render = (jobs: readonly JobState[]): string =>
  jobs.length === 0 ? 'There are no jobs.\n' : table(HEADING, jobs.map(rowOf));

function rowOf({ lastAttempt, nextRun, target, ...job }: JobState): readonly string[] {
  return [
    job.name,
    job.state,
    `${job.schedule} ${job.timeZone}`,
    nextRun === undefined ? '-' : instantText(nextRun),
    lastAttempt === undefined ? '-' : instantText(lastAttempt.time),
    lastAttempt?.status ?? '-',
    target === undefined ? '-' : `${target.method} ${target.uri}`,
  ].map((text) => printable(text));
}

/** A job as machines read it. */
export const jobForMachines = ({ lastAttempt, nextRun, ...job }: JobState): object => ({
  ...job,
  lastAttempt:
    lastAttempt === undefined
      ? undefined
      : { time: instantText(lastAttempt.time), status: lastAttempt.status },
  nextRun: nextRun === undefined ? undefined : instantText(nextRun),
});
