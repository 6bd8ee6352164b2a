import { type Command } from 'commander';
import { showConfiguration } from '@keyserver/configuration';
import { parse } from 'yaml';
import { type StoreFlags, addStoreOptions, openStore } from '../data-store.ts';
import type { Surroundings } from '../surroundings.ts';
import { jsonText } from '../table.ts';

interface ShowOptions extends StoreFlags {
  readonly json?: true;
}

/** `config show`: the stored configuration, as the file that would make it. */
export function addConfigShow(config: Command, around: Surroundings): void {
  addStoreOptions(config.command('show'), around.dataDirectory)
    .description('Print the stored configuration as a file that `config apply` takes.')
    .option('--json', 'print JSON instead of YAML')
    .addHelpText('after', '\nExample:\n  $ keyserver config show > server.yaml')
    .action(async (options: ShowOptions) => {
      const { store, close } = await openStore(options, around, { mayBeNew: 'nothing' });
      try {
        const yaml = await showConfiguration(store);
        around.terminal.out(options.json === true ? jsonText(parse(yaml)) : yaml);
      } finally {
        await close();
      }
    });
}
