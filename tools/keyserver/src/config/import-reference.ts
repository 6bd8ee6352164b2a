import { parseConfiguration } from '@keyserver/configuration';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { readTextFile } from '../bounded-read.ts';
import { CommandFault } from '../command-fault.ts';
import { exampleOf } from '../options.ts';
import { counted } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { fromReference } from './from-reference.ts';
import { readReferenceDump } from './reference-dump.ts';

const MAX_DUMP_BYTES = 8_000_000;

/** `config import-reference`: the configuration of a reference server as a file that `config apply` takes. It changes nothing. */
export function addConfigImportReference(config: Command, context: CommandContext): void {
  config
    .command('import-reference')
    .description('Print the configuration of a reference server as a file for `config apply`.')
    .argument('<dump>', 'its tables as JSON')
    .addHelpText('after', exampleOf('config import-reference dump.json > server.yaml'))
    .action(async (file: string) => {
      const dump = readReferenceDump(await readTextFile(file, MAX_DUMP_BYTES));
      if (typeof dump === 'string') throw new CommandFault(`${file} is refused: ${dump}`);
      const { file: translated, notes } = fromReference(dump, context.clock.now());
      const yaml = stringify(translated);
      for (const note of notes) context.terminal.err(`  note: ${note}\n`);
      const parsed = parseConfiguration(yaml);
      const problems = parsed.kind === 'refused' ? parsed.problems : [];
      for (const { path, message } of problems) context.terminal.err(`  ${path} ${message}\n`);
      context.terminal.out(yaml);
      if (problems.length > 0)
        throw new CommandFault(
          `mend ${counted(problems.length, 'problem')} in what was printed`,
          1,
        );
    });
}
