import type { AdviceName, ChangeAdvice } from '@keyserver/configuration';
import { CommandFault } from '../command-fault.ts';
import { counted, jsonText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type Planned, plannedFor, renderPlan } from './render-plan.ts';

/** The options of `config apply` that decide whether changes are made. */
export interface ApplyFlags {
  readonly yes?: true;
  /** Advice that was read and is not followed. */
  readonly yesReally?: readonly AdviceName[];
  readonly dryRun?: true;
  readonly json?: true;
}

/** Shows what is planned, and asks whether to apply it. */
export async function agree(
  plan: Planned,
  flags: ApplyFlags,
  context: CommandContext,
): Promise<boolean> {
  const { terminal } = context;
  if (flags.json !== true) terminal.out(renderPlan(plan));
  if (flags.dryRun === true || plan.changes.length === 0) return false;
  if (!terminal.interactive && flags.yes !== true)
    throw new CommandFault('nobody is here to be asked; give --yes to apply or --dry-run to look');
  await acceptAdvice(plan, flags, context);
  if (flags.yes === true) return true;
  if (await terminal.ask(`Apply ${counted(plan.changes.length, 'change')}?`)) return true;
  throw new CommandFault('nothing was applied');
}

/** Each new piece of advice needs a yes of its own, since --yes was given before anybody had read it. */
async function acceptAdvice(
  plan: Planned,
  { yesReally = [], json }: ApplyFlags,
  { terminal }: CommandContext,
): Promise<void> {
  const open = [...new Set(plan.advice.filter(isNew).map(({ name }) => name))].filter(
    (name) => !yesReally.includes(name),
  );
  if (open.length === 0) return;
  if (!terminal.interactive) {
    if (json === true) terminal.out(jsonText({ applied: false, ...plannedFor(plan) }));
    throw new CommandFault(
      `nothing was applied; to apply all the same give ${open.map((name) => `--yes-really ${name}`).join(' ')}`,
    );
  }
  for (const name of open)
    if (!(await terminal.ask(`Really, with ${name}?`)))
      throw new CommandFault('nothing was applied');
}

const isNew = ({ standing }: ChangeAdvice): boolean => !standing;
