import {
  type Lifecycle,
  type LifecycleGoal,
  closingWaits,
  emptyFrom,
  readLifecycle,
  stateOf,
} from '@keyserver/stores';
import type { DocumentStore } from '@keyserver/docstore';
import { unixMillis } from '@keyserver/time';
import type { Command } from 'commander';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { instantText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { waitText } from './words.ts';

/** `decommission status` and `hibernate status`: says where the server is, and what it waits for. */
export const addStatus =
  (goal: LifecycleGoal) =>
  (group: Command, context: CommandContext): void => {
    addStoreOptions(group.command('status'), context.dataDirectory)
      .description('Say whether the server is open, and what it waits for. Changes nothing.')
      .addHelpText('after', exampleOf(`${goal} status`))
      .action(async (flags: StoreFlags) => {
        const { store, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
        try {
          const life = await readLifecycle(store);
          const { out } = context.terminal;
          const since = life === undefined ? '' : ` since ${instantText(unixMillis(life.since))}`;
          out(`The server is ${stateOf(life)}${since}.\n`);
          if (life !== undefined) for (const line of await more(store, life)) out(`${line}\n`);
        } finally {
          await close();
        }
      });
  };

async function more(store: DocumentStore, life: Lifecycle): Promise<readonly string[]> {
  const finish = `\`keyserver ${life.goal} finish\``;
  switch (life.state) {
    case 'open':
      return [];
    case 'closing': {
      const waits = await closingWaits(store, life);
      if (waits.length > 0) return waits.map((wait) => `It waits for ${waitText(wait)}.`);
      const from = emptyFrom(life);
      return from === undefined
        ? ['Nothing waits any more. The next run of /create-batches notes it.']
        : [`Everything is out. Files stay until ${instantText(from)}; then comes ${finish}.`];
    }
    case 'emptying':
      return [`${finish} goes on. It takes at least a day from its first run to its last.`];
    case 'ended':
    case 'hibernating':
      return ['The report of what was deleted:', life.report ?? 'is not there'];
  }
}
