import type { AdviceName, ChangeAdvice, Plan } from '@keyserver/configuration';
import { CommandFault } from '../command-fault.ts';
import { counted, jsonText, printable } from '../render.ts';
import type { CommandContext } from '../terminal.ts';

/** The options of `config apply` that decide whether changes are made. */
export interface ApplyFlags {
  readonly yes?: true;
  /** Advice that was read and is not followed. */
  readonly yesReally?: readonly AdviceName[];
  readonly dryRun?: true;
  readonly json?: true;
}

/** Changes that may be made. */
export type Planned = Extract<Plan, { kind: 'planned' }>;

/** Shows the changes and the advice against them, and asks whether to apply them. */
export async function agree(
  plan: Planned,
  flags: ApplyFlags,
  context: CommandContext,
): Promise<boolean> {
  const { terminal } = context;
  if (flags.json !== true)
    terminal.out(`${renderChanges(plan.changes)}${renderAdvice(plan.advice)}`);
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

/** What was planned, for machines. */
export const plannedFor = ({ changes, advice }: Planned): object => ({ changes, advice });

type Change = Extract<Plan, { kind: 'planned' }>['changes'][number];
type FieldChange = Change['fields'][number];

const MARK: Readonly<Record<Change['action'], string>> = {
  add: '+',
  change: '~',
  end: '~',
  remove: '-',
};

/** The longest id is that of an app; cut off, two might look the same. */
const LONGEST_ID = 255;

/** Configuration changes as people read them: a line per entry, a line per field. */
function renderChanges(changes: readonly Change[]): string {
  if (changes.length === 0) return 'No changes: the configuration is as the file says.\n';
  return changes.map(renderChange).join('');
}

const renderChange = (change: Change): string =>
  [
    `${MARK[change.action]} ${change.action} ${change.section} ${printable(change.id, LONGEST_ID)}`,
    ...change.fields.map((field) => `    ${renderField(field)}`),
  ]
    .map((line) => `${line}\n`)
    .join('');

function renderField({ field, before, after, note }: FieldChange): string {
  const values = [before, after].filter((value) => value !== undefined).map(shown);
  const edited = before !== undefined && after === undefined ? [...values, '(gone)'] : values;
  return `${field}: ${edited.join(' -> ')}${note === undefined ? '' : ` (${note})`}`;
}

const shown = (value: string): string => (value === '' ? '(empty)' : value);

/** An app may have 300 regions. */
const MAX_SENTENCE = 10_000;

/** Advice as people read it: one sentence a line under the name by which it is accepted; what holds already comes last. */
const renderAdvice = (advice: readonly ChangeAdvice[]): string =>
  [...advice.filter(({ standing }) => !standing), ...advice.filter(({ standing }) => standing)]
    .map(
      ({ name, message, standing }) =>
        `! ${name}${standing ? ' (already so)' : ''}: ${printable(message, MAX_SENTENCE)}\n`,
    )
    .join('');
