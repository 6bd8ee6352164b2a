import { Command, CommanderError } from 'commander';
import { addCertificateCommands } from './certificate/certificate-issue.ts';
import { addConfigCommands } from './config/config-commands.ts';
import { addDataCommands } from './data/data-commands.ts';
import { addExportCommands } from './export/export-commands.ts';
import { CANNOT, CommandFault, sentenceOf } from './failure.ts';
import { addJobsCommands } from './jobs/jobs-commands.ts';
import { addPublish } from './publish/publish.ts';
import { addStoreCommands } from './store/store-commands.ts';
import type { Surroundings } from './surroundings.ts';

/** Runs one command line, without the program's name, and gives the exit code. */
export async function run(argv: readonly string[], around: Surroundings): Promise<number> {
  try {
    await createProgram(around).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    return exitCodeOf(error, around);
  }
}

function exitCodeOf(error: unknown, { terminal }: Surroundings): number {
  // Commander has said what is wrong; asking for help is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : CANNOT;
  terminal.err(`keyserver: ${sentenceOf(error)}\n`);
  return error instanceof CommandFault ? error.exitCode : CANNOT;
}

function createProgram(around: Surroundings): Command {
  const { out, err } = around.terminal;
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
  addExportCommands(program, around);
  addPublish(program, around);
  addCertificateCommands(program, around);
  addConfigCommands(program, around);
  addDataCommands(program, around);
  addJobsCommands(program, around);
  addStoreCommands(program, around);
  return program;
}

const oneSentence = (text: string): string =>
  text
    .trim()
    .replace(/^error: /, '')
    .replace(' is invalid. ', ' ')
    .replace('Allowed choices are', 'must be one of')
    .replaceAll(/\s*\n\s*/g, ' ');
