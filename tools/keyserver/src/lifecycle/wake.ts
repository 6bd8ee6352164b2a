import { restateOpen, wakeServer } from '@keyserver/stores';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import type { CommandContext } from '../terminal.ts';
import { refusedIn } from './words.ts';

interface WakeFlags extends StoreFlags {
  readonly stateLost?: true;
}

/** `wake`: opens a hibernating server. */
export function addWake(program: Command, context: CommandContext): void {
  addStoreOptions(program.command('wake'), context.dataDirectory)
    .description('Open a hibernating server. Its exports begin with what comes from now on.')
    .option('--state-lost', 'say that a server is open whose state has vanished from the store')
    .addHelpText('after', exampleOf('wake'))
    .action(async (flags: WakeFlags) => {
      const { store, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        const by = { actor: context.user, random: context.random };
        if (flags.stateLost === true) {
          if (!(await restateOpen(store, by)))
            throw new CommandFault('nothing was changed: the state of the server is there');
        } else {
          const outcome = await wakeServer(store, by);
          if (outcome.kind === 'refused') throw refusedIn(outcome.state);
        }
        const { out } = context.terminal;
        out('The server is open. It takes a minute until every service knows.\n');
        out('Let its jobs run again, and look with `keyserver doctor`.\n');
      } finally {
        await close();
      }
    });
}
