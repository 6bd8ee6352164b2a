import { type Pause, beginPause, endPause, readPauses } from '@keyserver/stores';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { instantText, printable, table } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type TargetFlags, addPausableOptions, targetOf } from './target.ts';

type Flags = StoreFlags & TargetFlags;

/** `pause`: takes no uploads of a region or app and makes none of their files, fetches nothing by a query, or gives nothing to a partner, until it is resumed. */
export function addPause(program: Command, context: CommandContext): void {
  addPausableOptions(addStoreOptions(program.command('pause'), context.dataDirectory))
    .description(
      'Pause one region, app, query or partner: uploads are answered 503, exports and partners that take such keys wait as a whole, a query fetches nothing, and a partner is given nothing. No stored key is touched. Without a name it lists what is paused.',
    )
    .addHelpText('after', exampleOf('pause --app org.example.app'))
    .action(async (flags: Flags) => {
      const wanted = targetOf(flags);
      const { store, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
      const { out } = context.terminal;
      try {
        if (wanted === undefined) {
          out(listing(await readPauses(store)));
          return;
        }
        const by = { actor: context.user, random: context.random };
        const outcome = await beginPause(store, wanted, by);
        const name = `${wanted.kind} ${printable(wanted.target)}`;
        if (outcome.kind === 'unknown')
          throw new CommandFault(`there is no ${name}; keyserver config show lists them`);
        const since = instantText(outcome.pause.since);
        out(
          outcome.kind === 'paused already'
            ? `The ${name} is paused since ${since}; nothing was changed.\n`
            : `The ${name} is paused. It takes ten seconds until every service knows.\n`,
        );
      } finally {
        await close();
      }
    });
}

/** `resume`: ends a pause, so that everything that waited goes out once. */
export function addResume(program: Command, context: CommandContext): void {
  addPausableOptions(addStoreOptions(program.command('resume'), context.dataDirectory))
    .description('End a pause. What waited goes out with the next run of each job, oldest first.')
    .addHelpText('after', exampleOf('resume --app org.example.app'))
    .action(async (flags: Flags) => {
      const wanted = targetOf(flags);
      if (wanted === undefined)
        throw new CommandFault('say what to resume: --region, --app, --query or --partner');
      const { store, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        const by = { actor: context.user, random: context.random };
        const name = `${wanted.kind} ${printable(wanted.target)}`;
        if (!(await endPause(store, wanted, by)))
          throw new CommandFault(`the ${name} is not paused; keyserver pause lists what is`);
        context.terminal.out(`The ${name} is resumed.\n`);
      } finally {
        await close();
      }
    });
}

const listing = (pauses: readonly Pause[]): string =>
  pauses.length === 0
    ? 'Nothing is paused.\n'
    : table(
        ['KIND', 'NAME', 'SINCE', 'ENDS BY ITSELF'],
        pauses.map(({ kind, target, since, alertedAt }) => [
          ...[kind, printable(target), instantText(since)],
          alertedAt === undefined ? 'not soon' : 'soon: see the alerts',
        ]),
      );
