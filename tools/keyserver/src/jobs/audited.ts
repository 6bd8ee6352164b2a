import { type AuditedStep, auditAhead } from '@keyserver/stores';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { openStore } from '../open-store.ts';
import { standInOption } from '../options.ts';
import type { CommandContext } from '../terminal.ts';
import type { JobsOptions } from './options.ts';

/** A command about jobs that is written down. */
export interface AuditedJobsOptions extends JobsOptions {
  readonly database?: string;
  readonly storeEndpoint?: string;
}

/** Adds the options that name the store whose audit tells what people do to the jobs. */
export const addAuditOptions = (command: Command): Command =>
  command
    .option('--database <id>', 'the Firestore database of the server; (default) unless given')
    .addOption(standInOption('store-endpoint', 'a Firestore emulator', '--endpoint'));

/** Writes down what one person does to one job: asked for before it is done, and failed after it was not. */
export async function withAudit<T>(
  job: { readonly verb: 'run' | 'pause' | 'resume'; readonly name: string },
  { project, database, endpoint, storeEndpoint }: AuditedJobsOptions,
  { context, work }: { readonly context: CommandContext; readonly work: () => Promise<T> },
): Promise<T> {
  if (endpoint?.onThisMachine === true && storeEndpoint === undefined)
    throw new CommandFault('--endpoint of this machine and --store-endpoint go together');
  const flags = {
    project,
    ...(database === undefined ? {} : { database }),
    ...(storeEndpoint === undefined ? {} : { endpoint: storeEndpoint }),
  };
  const { store, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
  const note = async (after: Outcome): Promise<void> => {
    await auditAhead(store, stepOf(job, context.user, after), context.random);
  };
  try {
    await note('asked for');
    return await work().catch(async (error: unknown) => {
      await note('failed');
      throw error;
    });
  } finally {
    await close();
  }
}

type Outcome = 'asked for' | 'failed';

const stepOf = (
  { verb, name }: { readonly verb: 'run' | 'pause' | 'resume'; readonly name: string },
  actor: string,
  after: Outcome,
): Omit<AuditedStep, 'digests'> => ({
  ...{ actor, operation: `jobs.${verb}` },
  changes: [
    {
      ...{ action: 'change', section: 'jobs', id: name },
      fields: [
        {
          ...{ field: verb, after, note: undefined },
          before: after === 'failed' ? 'asked for' : undefined,
        },
      ],
    },
  ],
});
