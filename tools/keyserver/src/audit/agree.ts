import { CommandFault } from '../command-fault.ts';
import type { Terminal } from '../terminal.ts';

/** Asks whether something is to be done, unless `--yes` was given; a CommandFault when it is not. */
export async function agreeTo(
  what: string,
  { yes }: { readonly yes?: true },
  terminal: Terminal,
): Promise<void> {
  if (yes === true) return;
  if (!terminal.interactive)
    throw new CommandFault('nobody is here to be asked; give --yes to go on');
  if (!(await terminal.ask(what))) throw new CommandFault('nothing was changed');
}
