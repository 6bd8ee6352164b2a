import type { JobState, Scheduler } from '@keyserver/scheduled-jobs';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { exampleOf } from '../options.ts';
import { jsonText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type AuditedJobsOptions, addAuditOptions, withAudit } from './audited.ts';
import { jobForMachines } from './list.ts';
import { type JobsOptions, addJobsOptions, jobName, ownPlaceOf, withScheduler } from './options.ts';

interface Change {
  readonly verb: 'run' | 'pause' | 'resume';
  readonly description: string;
  readonly done: (name: string) => string;
}

const CHANGES: readonly Change[] = [
  {
    verb: 'run',
    description: 'Have a job tried now, once, whatever its schedule.',
    done: (name) => `${name} is being run; "keyserver jobs list" shows how it went.`,
  },
  {
    verb: 'pause',
    description: 'Stop a job from being started by the clock until it is resumed.',
    done: (name) => `${name} is paused.`,
  },
  {
    verb: 'resume',
    description: 'Have a paused job started by the clock again.',
    done: (name) => `${name} is enabled.`,
  },
];

/** `jobs run`, `jobs pause` and `jobs resume`. */
export function addJobsChanges(jobs: Command, context: CommandContext): void {
  for (const { verb, description, done } of CHANGES) {
    addAuditOptions(addJobsOptions(jobs.command(verb)))
      .description(description)
      .argument('<name>', 'the job, as "keyserver jobs list" names it', jobName)
      .addHelpText(
        'after',
        exampleOf(`jobs ${verb} export-do-work --project my-project --location europe-west1`),
      )
      .action(async (name: string, options: AuditedJobsOptions) => {
        const job = await withScheduler(options, context, async (scheduler) => {
          const id = options.prefix + name;
          const work = async (): Promise<JobState> =>
            (await change(scheduler, verb, id)) ?? refuse(name, options);
          return await withAudit({ verb, name: id }, options, { context, work });
        });
        context.terminal.out(
          options.json === true ? jsonText(jobForMachines({ ...job, name })) : `${done(name)}\n`,
        );
      });
  }
}

const change = async (
  scheduler: Scheduler,
  verb: Change['verb'],
  name: string,
): Promise<JobState | undefined> => await scheduler[verb](name);

function refuse(name: string, options: JobsOptions): never {
  throw new CommandFault(`there is no job ${name}; see keyserver jobs list ${ownPlaceOf(options)}`);
}
