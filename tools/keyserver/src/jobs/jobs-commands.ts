import type { Command } from 'commander';
import { addJobsChanges } from './jobs-change.ts';
import { addJobsCheck } from './jobs-check.ts';
import { addJobsList } from './jobs-list.ts';
import type { Surroundings } from '../surroundings.ts';

/** The commands about what Cloud Scheduler calls. */
export function addJobsCommands(program: Command, around: Surroundings): void {
  const jobs = program
    .command('jobs')
    .description('Look after the jobs that Cloud Scheduler starts.')
    .addHelpText(
      'after',
      '\nExample:\n  $ keyserver jobs list --project my-project --location europe-west1',
    );
  addJobsList(jobs, around);
  addJobsChanges(jobs, around);
  addJobsCheck(jobs, around);
}
