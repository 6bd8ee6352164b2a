import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type MendableTime, type TimeReport, acceptTime, resetTime } from '@keyserver/operations';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { dataDirOption, exampleOf } from '../options.ts';
import { withProgress } from '../progress.ts';
import { jsonText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { openStoreTime } from '../wiring.ts';

interface TimeFlags {
  readonly dataDir: string;
  readonly json?: true;
  readonly yes?: true;
}

type Remedy = Exclude<TimeReport['remedy'], undefined>;

/** `store time`: what a server on one machine believes of time, and how an operator puts it right. */
export function addStoreTime(store: Command, context: CommandContext): void {
  const time = store
    .command('time')
    .description('Show, accept or reset the time of a server on one machine.')
    .addHelpText('after', exampleOf('store time show'));
  onStore(time.command('show'), context, show)
    .description('Show store time, the clock of this machine, and what is wrong.')
    .option('--json', 'print it as JSON');
  onStore(time.command('accept'), context, accept)
    .description('The clock of this machine is right: let the store go on from it.')
    .option('--yes', 'accept without asking');
  onStore(time.command('reset'), context, reset)
    .description('Store time is ahead because a clock was wrong: bring it back to the clock.')
    .option('--yes', 'reset without asking');
}

type Work = (time: MendableTime, flags: TimeFlags, context: CommandContext) => Promise<void>;

function onStore(command: Command, context: CommandContext, work: Work): Command {
  return command
    .addOption(dataDirOption(context.dataDirectory))
    .action(async (flags: TimeFlags) => {
      if (!existsSync(join(flags.dataDir, 'keyserver.sqlite')))
        throw new CommandFault(`${flags.dataDir} is not the data directory of a server`);
      const { time, close } = await openStoreTime(flags.dataDir, context);
      try {
        await work(time, flags, context);
      } finally {
        await close();
      }
    });
}

const show: Work = async (time, { json }, { terminal }) => {
  const report = await time.report();
  terminal.out(json === true ? jsonText(report) : rendered(report));
};

const accept: Work = async (time, flags, context) => {
  await agree(time, { remedy: 'accept', flags, context });
  await acceptTime(time, { actor: context.user, random: context.random });
  context.terminal.out(
    'Accepted. Services go on within seconds; expired documents are deleted ten minutes later.\n',
  );
};

const reset: Work = async (time, flags, context) => {
  await agree(time, { remedy: 'reset', flags, context });
  const by = { actor: context.user, random: context.random };
  const removed = await withProgress(
    context,
    async (tell) =>
      await resetTime(time, by, (batches) => {
        tell(`batches removed so far: ${batches}`);
      }),
  );
  context.terminal.out(
    `Reset. Batches past the present that were removed, to be cut again in their time: ${String(removed)}.\n`,
  );
};

const QUESTIONS: Readonly<Record<Remedy, string>> = {
  accept: 'Is the clock of this machine right? What has expired by it will be deleted.',
  reset:
    'Is the clock of this machine right, and was it ahead before? Files that were listed ahead of time are cut again: whoever has both sees what came since, without padding.',
};

async function agree(
  time: MendableTime,
  request: { readonly remedy: Remedy; readonly flags: TimeFlags; readonly context: CommandContext },
): Promise<void> {
  const { remedy, flags, context } = request;
  const report = await time.report();
  context.terminal.out(rendered(report));
  if (report.remedy !== remedy) throw new CommandFault(`there is nothing to ${remedy}`);
  if (flags.yes === true) return;
  if (!context.terminal.interactive)
    throw new CommandFault('nobody is here to be asked; give --yes to go on');
  if (!(await context.terminal.ask(QUESTIONS[remedy])))
    throw new CommandFault('nothing was changed');
}

function rendered({ wall, mark, doubt, remedy }: TimeReport): string {
  const shown = [`Store time:     ${iso(mark)}`, `Machine clock:  ${iso(wall)}`];
  if (doubt === undefined) shown.push('The clock is believed.');
  else shown.push(`Not believed: ${doubt}.`, ...advice(remedy));
  return shown.map((line) => `${line}\n`).join('');
}

const advice = (remedy: TimeReport['remedy']): readonly string[] =>
  remedy === undefined
    ? []
    : [`Set the clock right; if it is right already: keyserver store time ${remedy}`];

const iso = (t: number): string => new Date(t).toISOString();
