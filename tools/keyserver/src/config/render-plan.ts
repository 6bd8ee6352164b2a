import type { ChangeAdvice, Plan } from '@keyserver/configuration';
import { instantText, printable, table } from '../render.ts';

/** Changes that may be made. */
export type Planned = Extract<Plan, { kind: 'planned' }>;

/** What is planned, for people: the changes, when they hold, what padding costs, and the advice against them. */
export const renderPlan = (plan: Planned): string =>
  [
    renderChanges(plan.changes),
    renderMidnight(plan),
    renderMoved(plan.moved),
    renderCosts(plan.costs),
    renderAdvice(plan.advice),
  ].join('');

/** What is planned, for machines. */
export const plannedFor = ({ changes, advice, midnight, moved, costs }: Planned): object => ({
  ...{ changes, advice, costs },
  moved: moved.map(({ wanted, at, ...rest }) => ({
    ...rest,
    wanted: instantText(wanted),
    at: instantText(at),
  })),
  ...(midnight === undefined ? {} : { midnight: instantText(midnight) }),
});

type Change = Planned['changes'][number];
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

const renderMidnight = ({ changes, midnight }: Planned): string =>
  midnight === undefined
    ? ''
    : [
        ...(changes.some(({ section }) => section === 'exports')
          ? [
              `Changes of exports hold from ${instantText(midnight)}; only signingKeys change at once.`,
            ]
          : []),
        ...(changes.some(({ section }) => section === 'partners')
          ? [
              `Partners are given more from ${instantText(midnight)}, and less at once; who they are and how often they may call changes at once.`,
            ]
          : []),
      ]
        .map((line) => `${line}\n`)
        .join('');

const renderMoved = (moved: Planned['moved']): string =>
  moved
    .map(
      ({ field, wanted, at, ...of }) =>
        `The ${field} of ${'export' in of ? of.export : `partner ${of.partner}`} is ${instantText(at)} instead of ${instantText(wanted)}: exports and partners begin and end with a plan, and never reach back.\n`,
    )
    .join('');

/** What padding makes phones download, which is less where many people publish. */
function renderCosts(costs: Planned['costs']): string {
  if (costs.length === 0) return '';
  const rows = costs.map(({ cellsPerBatch, keysPerDay, ...of }) => [
    ...[`  ${'export' in of ? of.export : `partner ${of.partner}`}`],
    ...[String(cellsPerBatch), String(keysPerDay)],
  ]);
  const heading = ['  export', 'cells a batch', 'generated keys a day'];
  return `While few people publish, padding costs about\n${table(heading, rows)}`;
}
