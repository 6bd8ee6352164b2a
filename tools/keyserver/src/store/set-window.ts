import { type WindowPlan, changeWindow, planWindow } from '@keyserver/operations';
import { SECOND, type WindowLength, windowLength } from '@keyserver/time';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { instantText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';

interface SetWindowFlags extends StoreFlags {
  readonly yes?: true;
}

/** `store set-window`: shows when windows of another length could begin, and with `--yes` decides it. */
export function addStoreSetWindow(store: Command, context: CommandContext): void {
  addStoreOptions(store.command('set-window'), context.dataDirectory)
    .description(
      'Change the length of the windows that times of uploads are rounded down to. Shows what would happen unless --yes is given. The services may run.',
    )
    .argument('<seconds>', 'the new length, which divides a day', lengthOf)
    .option('--yes', 'change it')
    .addHelpText('after', exampleOf('store set-window 3600'))
    .action(async (length: WindowLength, flags: SetWindowFlags) => {
      const { store: opened, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        const by = { actor: context.user, random: context.random };
        const plan =
          flags.yes === true
            ? await changeWindow(opened, length, by)
            : await planWindow(opened, length);
        context.terminal.out(report(plan, length, flags.yes === true));
      } finally {
        await close();
      }
    });
}

function lengthOf(text: string): WindowLength {
  const length = /^[1-9]\d{0,4}$/.test(text) ? windowLength(Number(text) * SECOND) : undefined;
  if (length !== undefined) return length;
  throw new InvalidArgumentError('must be a whole number of seconds that divides 86400');
}

function report(plan: WindowPlan, length: WindowLength, isDone: boolean): string {
  const seconds = length / SECOND;
  switch (plan.kind) {
    case 'refused':
      throw new CommandFault(plan.reason);
    case 'unchanged':
      return `Windows are ${seconds} s long already; nothing was changed.\n`;
    case 'planned':
    case 'decided': {
      const from = instantText(plan.change.from);
      const ending =
        isDone || plan.kind === 'decided'
          ? `Both values start a service until then, and only ${seconds} afterwards: set TRUNCATE_WINDOW_SECONDS=${seconds} for every service now.`
          : 'Nothing was changed; give --yes to change it.';
      return `Windows are ${plan.before / SECOND} s long, and ${seconds} s from ${from} on.\n${ending}\n`;
    }
  }
}
