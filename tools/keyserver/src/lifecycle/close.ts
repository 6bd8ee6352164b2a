import {
  type LifecycleGoal,
  abortClosing,
  beginClosing,
  readLifecycle,
  readStoreFormat,
} from '@keyserver/stores';
import { DAY, unixMillis } from '@keyserver/time';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf, wholeNumber } from '../options.ts';
import { counted, instantText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { GOALS, refusedIn } from './words.ts';

interface BeginFlags extends StoreFlags {
  readonly keepFilesDays: number;
  readonly yesReally?: string;
}

/** Phones match keys of the last 14 days; below two days those that look once a day would miss the last files. */
const KEEP_FILES = { min: 2, max: 30, default: 14 };

/** `decommission begin` and `hibernate begin`: closes the server for uploads, after it has said what follows. */
export const addBegin =
  (goal: LifecycleGoal) =>
  (group: Command, context: CommandContext): void => {
    addStoreOptions(group.command('begin'), context.dataDirectory)
      .description(
        'Take no uploads any more, fetch nothing from partners, and bring out what is stored. Without --yes-really it shows what would follow.',
      )
      .option(
        '--keep-files-days <days>',
        'for how many days files stay after the last one, for phones and partners',
        wholeNumber(KEEP_FILES),
        KEEP_FILES.default,
      )
      .option(
        '--yes-really <store id>',
        'do it; the id of the store is in what is shown without it',
      )
      .addHelpText('after', exampleOf(`${goal} begin`))
      .action(async (flags: BeginFlags) => {
        await begin(goal, flags, context);
      });
  };

async function begin(
  goal: LifecycleGoal,
  flags: BeginFlags,
  context: CommandContext,
): Promise<void> {
  const { store, close, name } = await openStore(flags, context, { mayBeNew: 'nothing' });
  const { out } = context.terminal;
  try {
    const format = await readStoreFormat(store);
    if (format === undefined) throw new CommandFault(`no server has ever used the ${name}`);
    const life = await readLifecycle(store);
    if (life !== undefined && life.state !== 'open') throw refusedIn(life.state);
    const days = counted(flags.keepFilesDays, 'day');
    if (flags.yesReally === undefined) {
      out(`This is the ${name}, with the store ${format.storeId}.\n`);
      out(`${GOALS[goal].plan.replace('{days}', days)}\n`);
      out(`Nothing was changed. To do it, give --yes-really ${format.storeId}\n`);
      return;
    }
    if (flags.yesReally !== format.storeId)
      throw new CommandFault(`nothing was changed: the store is ${format.storeId}`);
    const by = { actor: context.user, random: context.random };
    const keepFilesMs = flags.keepFilesDays * DAY;
    const outcome = await beginClosing(store, { goal, keepFilesMs }, by);
    if (outcome.kind === 'refused') throw refusedIn(outcome.state);
    out(
      `The server is closing. The last upload is taken before ${instantText(unixMillis(outcome.life.closesAt))}.\n`,
    );
    out(
      `See \`keyserver ${goal} status\`; until it is emptied, \`keyserver ${goal} abort\` takes it back.\n`,
    );
  } finally {
    await close();
  }
}

/** `decommission abort` and `hibernate abort`: opens a server again that is closing. */
export const addAbort =
  (goal: LifecycleGoal) =>
  (group: Command, context: CommandContext): void => {
    addStoreOptions(group.command('abort'), context.dataDirectory)
      .description('Open a server again that is closing. Nothing has been deleted.')
      .addHelpText('after', exampleOf(`${goal} abort`))
      .action(async (flags: StoreFlags) => {
        const { store, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
        try {
          const by = { actor: context.user, random: context.random };
          const outcome = await abortClosing(store, by);
          if (outcome.kind === 'refused') throw refusedIn(outcome.state);
          context.terminal.out(
            'The server is open. It takes a minute until every service knows.\n',
          );
        } finally {
          await close();
        }
      });
  };
