import type { AdviceName, ChangeAdvice, Plan } from '@keyserver/configuration';
import { CommandFault } from '../failure.ts';
import { renderAdvice } from './render-advice.ts';
import { renderChanges } from './render-changes.ts';
import type { Surroundings } from '../surroundings.ts';
import { counted, jsonText } from '../table.ts';

/** What an operator said about changes before they were shown. */
export interface ApplyFlags {
  readonly yes?: true;
  /** Advice that was read and is not followed. */
  readonly yesReally?: readonly AdviceName[];
  readonly dryRun?: true;
  readonly json?: true;
}

/** Changes that may be made. */
export type Planned = Extract<Plan, { kind: 'planned' }>;

/** Shows the changes, and what speaks against them, and finds out whether they are to be made. */
export async function agree(
  plan: Planned,
  flags: ApplyFlags,
  around: Surroundings,
): Promise<boolean> {
  const { terminal } = around;
  if (flags.json !== true)
    terminal.out(`${renderChanges(plan.changes)}${renderAdvice(plan.advice)}`);
  if (flags.dryRun === true || plan.changes.length === 0) return false;
  if (!terminal.interactive && flags.yes !== true)
    throw new CommandFault('nobody is here to be asked; give --yes to apply or --dry-run to look');
  await acceptAdvice(plan, flags, around);
  if (flags.yes === true) return true;
  if (await terminal.ask(`Apply ${counted(plan.changes.length, 'change')}?`)) return true;
  throw new CommandFault('nothing was applied');
}

/** Every advice that comes with the changes needs a yes of its own: --yes was said before it was read. */
async function acceptAdvice(
  plan: Planned,
  { yesReally = [], json }: ApplyFlags,
  { terminal }: Surroundings,
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

/** What was planned, for machines. */
export const plannedFor = ({ changes, advice }: Planned): object => ({ changes, advice });
