import { showConfiguration } from '@keyserver/configuration';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { jsonText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';

interface ShowOptions extends StoreFlags {
  readonly json?: true;
}

/** `config show`: the stored configuration, as the file that would make it. */
export function addConfigShow(config: Command, context: CommandContext): void {
  addStoreOptions(config.command('show'), context.dataDirectory)
    .description('Print the stored configuration as a file that `config apply` takes.')
    .option('--json', 'print JSON instead of YAML')
    .addHelpText('after', exampleOf('config show > server.yaml'))
    .action(async (options: ShowOptions) => {
      const { store, close } = await openStore(options, context, { mayBeNew: 'nothing' });
      try {
        const yaml = await showConfiguration(store);
        context.terminal.out(options.json === true ? jsonText(parse(yaml)) : yaml);
      } finally {
        await close();
      }
    });
}
