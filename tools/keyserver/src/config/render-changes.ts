import type { Plan } from '@keyserver/configuration';
import { printable } from '../printable.ts';

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
export function renderChanges(changes: readonly Change[]): string {
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
