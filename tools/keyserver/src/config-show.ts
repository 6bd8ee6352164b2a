import { existsSync } from 'node:fs';
import { type Command } from 'commander';
import { showConfiguration } from '@keyserver/operations';
import { parse } from 'yaml';
import { Failure } from './failure.ts';
import type { Surroundings } from './surroundings.ts';
import { jsonText } from './table.ts';
import { openPlatform } from './wiring.ts';

interface ShowOptions {
  readonly dataDir: string;
  readonly json?: true;
}

/** `config show`: the stored configuration, as the file that would make it. */
export function addConfigShow(config: Command, around: Surroundings): void {
  config
    .command('show')
    .description('Print the stored configuration as a file that `config apply` takes.')
    .option('--data-dir <directory>', 'where the server keeps its data', around.dataDirectory)
    .option('--json', 'print JSON instead of YAML')
    .addHelpText('after', '\nExample:\n  $ keyserver config show > server.yaml')
    .action(async (options: ShowOptions) => {
      if (!existsSync(options.dataDir)) throw new Failure(`${options.dataDir} does not exist`);
      const platform = await openPlatform(options.dataDir, around.clock);
      try {
        const yaml = await showConfiguration(platform.store);
        around.terminal.out(options.json === true ? jsonText(parse(yaml)) : yaml);
      } finally {
        await platform.close();
      }
    });
}
