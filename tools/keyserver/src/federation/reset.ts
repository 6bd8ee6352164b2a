import { parseTime } from '@keyserver/configuration';
import { resetQuery } from '@keyserver/stores';
import { SECOND, secondsOf } from '@keyserver/time';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { timeText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { addQueryOption, configuredQuery } from './options.ts';

interface ResetOptions extends StoreFlags {
  readonly query: string;
  readonly from?: number;
  readonly yes?: true;
}

/** `federation reset`: lets a query go on at a time, without what its partner told it to give back. */
export function addFederationReset(federation: Command, context: CommandContext): void {
  addQueryOption(addStoreOptions(federation.command('reset'), context.dataDirectory))
    .description('Forget the tokens of a partner, and go on from the time where the query stopped.')
    .option('--from <time>', 'go on from this time instead, such as 2026-01-15T12:00:00Z', seconds)
    .option('--yes', 'reset without asking')
    .addHelpText('after', exampleOf('federation reset --query neighbour'))
    .action(async (options: ResetOptions) => {
      const opened = await openStore(options, context, { mayBeNew: 'nothing' });
      try {
        await configuredQuery(opened, options.query);
        await agree(options, context);
        const { query: queryId, from } = options;
        const by = { actor: context.user, random: context.random };
        const outcome = await resetQuery(opened.store, { queryId, from }, by);
        if (outcome.kind !== 'reset') throw new CommandFault(REFUSED[outcome.kind](queryId));
        context.terminal.out(
          `Query ${queryId} goes on from ${timeText(outcome.from)} with its next run.\n`,
        );
      } finally {
        await opened.close();
      }
    });
}

type Refusal = Exclude<Awaited<ReturnType<typeof resetQuery>>['kind'], 'reset'>;

const REFUSED: Readonly<Record<Refusal, (id: string) => string>> = {
  'no query': (id) => `there is no query ${id} any more`,
  'no position': (id) =>
    `query ${id} has no position: it never ran, or lost it; give --from to say where to begin`,
  'in the future': (id) =>
    `query ${id} cannot go on from a time that has not come: its partner's keys until then would never be fetched`,
};

function seconds(text: string): number {
  const time = parseTime(text);
  if (time === undefined || time % SECOND !== 0)
    throw new InvalidArgumentError('must be a time in UTC, such as 2026-01-15T12:00:00Z');
  return secondsOf(time);
}

async function agree(
  { query, from, yes }: ResetOptions,
  { terminal }: CommandContext,
): Promise<void> {
  if (yes === true) return;
  if (!terminal.interactive)
    throw new CommandFault('nobody is here to be asked; give --yes to go on');
  const where = from === undefined ? 'from where it stopped' : `from ${timeText(from)}`;
  const what = `Let query ${query} go on ${where}? What the partner had before is not asked for again.`;
  if (!(await terminal.ask(what))) throw new CommandFault('nothing was changed');
}
