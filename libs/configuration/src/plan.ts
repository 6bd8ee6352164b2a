import { createHash } from 'node:crypto';
import { MAX_WRITES, type Transaction } from '@keyserver/docstore';
import {
  AUDIT_WRITES,
  type ConfigurationChange,
  type FieldChange,
  MAX_CHANGES_BYTES,
  changesBytes,
} from '@keyserver/stores';
import type { PaddingCost } from '@keyserver/padding';
import type { UnixMillis } from '@keyserver/time';
import type { ChangeAdvice } from './advice.ts';
import {
  type Configuration,
  LATER_SECTIONS,
  type Problem,
  type Section,
  type WholeConfiguration,
} from './configuration.ts';
import { formatTime } from './grammar.ts';
import type { MovedTime } from './moved-times.ts';
import { type Described, type DescribedFields, describe } from './stored-configuration.ts';

/** What applying a configuration would do. */
export type Plan =
  | {
      readonly kind: 'planned';
      readonly changes: readonly ConfigurationChange[];
      /** What a careful operator would want to know before the changes are made. */
      readonly advice: readonly ChangeAdvice[];
      /** The midnight from which changes of exports and partners hold; undefined when they hold at once. */
      readonly midnight: UnixMillis | undefined;
      /** Times of exports and partners that are not taken as they are wanted. */
      readonly moved: readonly MovedTime[];
      /** What padding will cost phones and partners, when they or who may publish for them change. */
      readonly costs: readonly PaddingCost[];
      /** Stands for the stored configuration that the changes were worked out against. */
      readonly basis: string;
    }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** One change and how it is made. */
interface Step {
  readonly change: ConfigurationChange;
  readonly make: (tx: Transaction) => void;
}

/** The steps from one configuration to another, or why they may not be made. */
export function stepsBetween(
  before: WholeConfiguration,
  after: WholeConfiguration,
  midnight: UnixMillis | undefined,
): { readonly steps: readonly Step[]; readonly problems: readonly Problem[] } {
  const stored = byPath(before);
  const wanted = byPath(after);
  const gone = [...stored].filter(([path]) => !wanted.has(path)).map(([, document]) => document);
  const steps = [
    ...[...wanted].flatMap(([path, document]) => writeStep(stored.get(path), document, midnight)),
    ...gone.map(removeStep),
  ];
  const problems = gone.filter(({ section }) => !REMOVABLE[section]).map(cannotRemove);
  problems.push(...tooMuchAtOnce(steps.map(({ change }) => change)));
  return { steps, problems };
}

/** What one transaction takes, beside the entry of the audit that is written with it. */
const MOST_CHANGES = MAX_WRITES - AUDIT_WRITES;

/** A file is applied in one step with its audit entry, or not at all. */
function tooMuchAtOnce(changes: readonly ConfigurationChange[]): readonly Problem[] {
  // An export or partner is kept as it was and as it will be.
  const kept = changes.filter(({ section }) => KEPT.includes(section)).length;
  if (changes.length + 2 * kept > MOST_CHANGES)
    return [
      {
        path: '',
        message: `changes ${changes.length} entries at once; change at most ${MOST_CHANGES} with one file, where an export or a partner counts as three`,
      },
    ];
  const bytes = changesBytes(changes);
  return bytes <= MAX_CHANGES_BYTES
    ? []
    : [
        {
          path: '',
          message: `makes changes that take ${bytes} bytes to write down, and one entry of the audit has ${MAX_CHANGES_BYTES}; apply them with several files`,
        },
      ];
}

const byPath = (configuration: WholeConfiguration): ReadonlyMap<string, Described> =>
  new Map(
    describe(configuration).map((document) => [`${document.section} ${document.id}`, document]),
  );

/** Exports, signing keys and queries are never removed, only ended: files, signatures and stored keys outlive them. */
const REMOVABLE: Readonly<Record<Section, boolean>> = {
  authorities: true,
  apps: true,
  signingKeys: false,
  exports: false,
  queries: false,
  // Removing one revokes its grant, and what it was given before is its own.
  partners: true,
};

/** Entries of which versions are kept, from each midnight on. */
const KEPT: readonly string[] = ['exports', 'partners'];

/** Lists of which something is stored and that a file says nothing of: nothing is removed by accident. */
export const lackingLists = (
  before: WholeConfiguration,
  wanted: Configuration,
): readonly Problem[] =>
  LATER_SECTIONS.filter((section) => wanted[section] === undefined)
    .filter((section) => before[section].length > 0)
    .map((section) => ({
      path: section,
      message: `is missing, and ${section} are stored; write [] to remove all of them`,
    }));

const cannotRemove = ({ section, id }: Described): Problem => ({
  path: section,
  message: `lacks ${id}, which is stored and cannot be removed; keep it and end it with thru`,
});

function writeStep(
  before: Described | undefined,
  after: Described,
  midnight: UnixMillis | undefined,
): readonly Step[] {
  const fields = changedFields(after.section, { before: before?.fields, midnight }, after.fields);
  if (fields.length === 0) return [];
  const { section, id } = after;
  const action = before === undefined ? 'add' : ends(fields) ? 'end' : 'change';
  return [{ change: { action, section, id, fields }, make: after.write }];
}

function removeStep({ section, id, fields: before, remove: make }: Described): Step {
  const fields = changedFields(section, { before, midnight: undefined }, new Map());
  return { change: { action: 'remove', section, id, fields }, make };
}

function changedFields(
  section: Section,
  {
    before,
    midnight,
  }: {
    readonly before: DescribedFields | undefined;
    readonly midnight: UnixMillis | undefined;
  },
  after: DescribedFields,
): readonly FieldChange[] {
  const names = new Set([...(before?.keys() ?? []), ...after.keys()]);
  return [...names]
    .filter((field) => before?.get(field) !== after.get(field))
    .map((field) => ({
      field,
      before: before?.get(field),
      after: after.get(field),
      note: before === undefined || after.size === 0 ? undefined : noteOn(section, field, midnight),
    }));
}

const ends = (fields: readonly FieldChange[]): boolean =>
  fields.some(
    ({ field, before, after }) =>
      field === 'thru' &&
      after !== undefined &&
      (before === undefined || Date.parse(after) < Date.parse(before)),
  );

/** A text that stands for a whole configuration: SHA-256, as 64 hex digits. */
export const configurationDigest = (configuration: WholeConfiguration): string =>
  digestOf(entriesOf(configuration));

/** A text that stands for a whole configuration, and for the midnight from which a change of it would hold. */
export const fingerprintOf = (
  configuration: WholeConfiguration,
  midnight: UnixMillis | undefined,
): string => digestOf([midnight ?? null, entriesOf(configuration)]);

const entriesOf = (configuration: WholeConfiguration): readonly unknown[] =>
  describe(configuration).map(({ section, id, fields }) => [section, id, [...fields]]);

const digestOf = (value: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex');

const MOVES = 'files of earlier days stay under the old name';
const KNOWN_TO_PHONES = 'phones must know the new key before it signs';

const IDENTITY = 'holds at once: tokens with the old one are refused';
const HOLDS_ON = 'holds for what is fetched from now on; what was fetched stays';

const NOTES: Readonly<Record<Section, ReadonlyMap<string, string>>> = {
  authorities: new Map([
    ['issuer', 'certificates of the old issuer are refused from now on'],
    ['jwks', 'learned keys count until the new address answers without them, and not without one'],
  ]),
  apps: new Map(),
  signingKeys: new Map([
    ['signingKey', KNOWN_TO_PHONES],
    ['keyId', KNOWN_TO_PHONES],
    ['keyVersion', KNOWN_TO_PHONES],
  ]),
  exports: new Map([
    ['bucket', MOVES],
    ['filenameRoot', MOVES],
  ]),
  queries: new Map([
    ['server', 'the new server is asked from its beginning; what is known is stored once'],
    ['includeRegions', HOLDS_ON],
    ['excludeRegions', HOLDS_ON],
  ]),
  partners: new Map([
    ['issuer', IDENTITY],
    ['subject', IDENTITY],
    ['audience', IDENTITY],
  ]),
};

/** Who signs is decided when a file is signed, and who calls when a call comes. */
const AT_ONCE: readonly string[] = [
  'signingKeys',
  ...['issuer', 'subject', 'audience', 'maxPageKeys', 'callsPerMinute'],
];

/** A grant is narrowed at once, and widened from a midnight on. */
const GRANT: readonly string[] = [
  ...['includeRegions', 'includeTravelers', 'onlyLocalProvenance'],
  'excludeRegions',
];

/** What an operator should know before editing a field, such as when the edit takes effect. */
function noteOn(
  section: Section,
  field: string,
  midnight: UnixMillis | undefined,
): string | undefined {
  const note = NOTES[section].get(field);
  if (!KEPT.includes(section) || AT_ONCE.includes(field) || midnight === undefined) return note;
  if (GRANT.includes(field))
    return `what is taken away is not given any more; what is added is given from ${formatTime(midnight)}`;
  const holds = `holds from ${formatTime(midnight)}`;
  return note === undefined ? holds : `${holds}; ${note}`;
}
