import { Command, CommanderError } from 'commander';
import { addCertificateCommands } from './certificate/issue.ts';
import { addConfigApply } from './config/apply.ts';
import { addConfigShow } from './config/show.ts';
import { addDataExport } from './data/export.ts';
import { addDataImport } from './data/import.ts';
import { addDataVerify } from './data/verify.ts';
import { addExportInspect } from './export/inspect.ts';
import { addExportVerify } from './export/verify.ts';
import { CANNOT, CommandFault, sentenceOf } from './command-fault.ts';
import { addJobsChanges } from './jobs/change.ts';
import { addJobsCheck } from './jobs/check.ts';
import { addJobsList } from './jobs/list.ts';
import { addPublish } from './publish/publish.ts';
import { addStoreAdopt } from './store/adopt.ts';
import { addStoreRebuild } from './store/rebuild.ts';
import { addStoreSetWindow } from './store/set-window.ts';
import { addStoreTime } from './store/time.ts';
import type { CommandContext } from './terminal.ts';

/** Runs one command line, without the program's name, and gives the exit code. */
export async function run(argv: readonly string[], context: CommandContext): Promise<number> {
  try {
    await createProgram(context).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    return exitCodeOf(error, context);
  }
}

function exitCodeOf(error: unknown, { terminal }: CommandContext): number {
  // Commander has said what is wrong; asking for help is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : CANNOT;
  terminal.err(`keyserver: ${sentenceOf(error)}\n`);
  return error instanceof CommandFault ? error.exitCode : CANNOT;
}

function createProgram(context: CommandContext): Command {
  const { out, err } = context.terminal;
  const program = new Command('keyserver')
    .description('Checks, tries and configures an exposure notification key server.')
    .exitOverride()
    .configureOutput({
      writeOut: out,
      writeErr: err,
      outputError: (text, write) => {
        write(`keyserver: ${oneSentence(text)}\n`);
      },
    })
    .addHelpText(
      'after',
      '\nExample:\n  $ keyserver export verify http://127.0.0.1:8082/exports/v1/index.txt',
    );
  addExportCommands(program, context);
  addPublish(program, context);
  addCertificateCommands(program, context);
  addConfigCommands(program, context);
  addDataCommands(program, context);
  addJobsCommands(program, context);
  addStoreCommands(program, context);
  return program;
}

const oneSentence = (text: string): string =>
  text
    .trim()
    .replace(/^error: /, '')
    .replace(' is invalid. ', ' ')
    .replace('Allowed choices are', 'must be one of')
    .replaceAll(/\s*\n\s*/g, ' ');

/** The commands about the files that phones download. */
function addExportCommands(program: Command, context: CommandContext): void {
  const group = program
    .command('export')
    .description('Check and look into the files that phones download.')
    .addHelpText(
      'after',
      '\nExample:\n  $ keyserver export verify http://127.0.0.1:8082/exports/v1/index.txt',
    );
  addExportVerify(group, context);
  addExportInspect(group, context);
}

/** The commands about what an operator edits. */
function addConfigCommands(program: Command, context: CommandContext): void {
  const config = program
    .command('config')
    .description('Show and change what a server is configured to do.')
    .addHelpText('after', '\nExample:\n  $ keyserver config show > server.yaml');
  addConfigApply(config, context);
  addConfigShow(config, context);
}

/** The commands that move a deployment's data from one store to another. */
function addDataCommands(program: Command, context: CommandContext): void {
  const data = program
    .command('data')
    .description('Move all data of a server to another machine or platform.')
    .addHelpText(
      'after',
      '\nExample:\n  $ keyserver data export --data-dir /var/lib/keyserver --to /root/move',
    );
  addDataExport(data, context);
  addDataImport(data, context);
  addDataVerify(data, context);
}

/** The commands about what Cloud Scheduler calls. */
function addJobsCommands(program: Command, context: CommandContext): void {
  const jobs = program
    .command('jobs')
    .description('Look after the jobs that Cloud Scheduler starts.')
    .addHelpText(
      'after',
      '\nExample:\n  $ keyserver jobs list --project my-project --location europe-west1',
    );
  addJobsList(jobs, context);
  addJobsChanges(jobs, context);
  addJobsCheck(jobs, context);
}

/** The commands about a store as a whole. */
function addStoreCommands(program: Command, context: CommandContext): void {
  const store = program
    .command('store')
    .description('Look after the store as a whole.')
    .addHelpText('after', '\nExample:\n  $ keyserver store time show');
  addStoreTime(store, context);
  addStoreSetWindow(store, context);
  addStoreAdopt(store, context);
  addStoreRebuild(store, context);
}
