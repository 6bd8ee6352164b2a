import { isWithin } from '@keyserver/federation';
import { readerOf, shareKeys } from '@keyserver/padding';
import type { UnixMillis } from '@keyserver/time';
import { type Advice, type AdviceName, adviceOnPadding } from './advice.ts';
import { type WholeConfiguration, isOver } from './configuration.ts';
import { formatTime } from './grammar.ts';
import { type PlannedReader, plannedReaders } from './readers.ts';

type Partner = WholeConfiguration['partners'][number];

/** When a change of the configuration is judged, and from when it holds. */
export interface ChangeTime {
  /** Store time. */
  readonly now: UnixMillis;
  /** The midnight from which changes hold; undefined when they hold at once. */
  readonly midnight: UnixMillis | undefined;
}

/** Partners that are given what padding hides from others, or that padding hides too little from. */
export function adviseOnPartners(
  configuration: WholeConfiguration,
  now: UnixMillis,
): readonly Advice[] {
  const readers = plannedReaders(configuration).filter((reader) => !isOver(reader, now));
  return configuration.partners
    .filter((partner) => !isOver(partner, now))
    .flatMap((partner) =>
      partner.mode === 'fresh' ? onFresh(partner, readers) : tooRevealing(partner),
    );
}

/** What is padded for others is real for a fresh partner. */
function onFresh(partner: Partner, readers: readonly PlannedReader[]): readonly Advice[] {
  const names = readers
    .filter((reader) => reader.minRecords > 0 && shareKeys(readerOf(partner), reader))
    .map(({ section, name }) => `${section === 'exports' ? 'export' : 'partner'} ${name}`);
  if (names.length === 0) return [];
  return [
    adviceOnPartner(
      'fresh_partner',
      partner,
      `Partner ${partner.id} is given real keys alone, as soon as their window is closed (mode fresh): with them it tells the generated keys of ${names.join(', ')} from real ones, and counts people there.`,
    ),
  ];
}

function tooRevealing(partner: Partner): readonly Advice[] {
  const name = adviceOnPadding(partner);
  return name === undefined ? [] : [adviceOnPartner(name, partner, REVEALING[name](partner))];
}

const REVEALING = {
  little_padding: ({ id, minRecords }: Partner) =>
    `Partner ${id} is given units that are padded to ${minRecords} keys (minRecords): a unit may show that a single person was reported.`,
  constant_padding: ({ id, minRecords }: Partner) =>
    `Partner ${id} is given units that are padded to exactly ${minRecords} keys (paddingRange 0): it knows which units are padded.`,
} as const;

/** Grants that are wider or narrower than before, and what the partner is not given in consequence. */
export const adviseOnGrants = (
  before: WholeConfiguration,
  after: WholeConfiguration,
  { midnight }: ChangeTime,
): readonly Advice[] =>
  before.partners.flatMap((was) => {
    const is = after.partners.find(({ id }) => id === was.id);
    if (is === undefined) return [];
    const less = midnight === undefined ? [] : narrowed(was, is, midnight);
    return [...widened(was, is, midnight), ...lengthened(was, is), ...less];
  });

const widened = (was: Partner, is: Partner, midnight: UnixMillis | undefined): readonly Advice[] =>
  isWithin(is, was)
    ? []
    : [
        adviceOnPartner(
          'wider_grant',
          is,
          midnight === undefined
            ? `Partner ${is.id} is granted more than before, at once.`
            : `Partner ${is.id} is granted more than before, from ${formatTime(midnight)} on: of what was released between ${formatTime(was.from)} and then it is not given what the old grant leaves out.`,
        ),
      ];

/** A grant that was to end, or has ended, and now lasts longer. */
const lengthened = (was: Partner, is: Partner): readonly Advice[] =>
  was.thru === undefined || (is.thru !== undefined && is.thru <= was.thru)
    ? []
    : [
        adviceOnPartner(
          'wider_grant',
          is,
          `Partner ${is.id} is given keys for longer than before: not until ${formatTime(was.thru)}, but ${is.thru === undefined ? 'without an end' : `until ${formatTime(is.thru)}`}.`,
        ),
      ];

const narrowed = (was: Partner, is: Partner, midnight: UnixMillis): readonly Advice[] =>
  isWithin(was, is) || was.mode === 'fresh'
    ? []
    : [
        adviceOnPartner(
          'narrower_grant',
          is,
          `Partner ${is.id} is granted less than before, at once: of the units between ${formatTime(was.from)} and ${formatTime(midnight)} it is given none any more, since they were planned with the wider grant.`,
        ),
      ];

const adviceOnPartner = (name: AdviceName, { id }: Partner, message: string): Advice => ({
  name,
  section: 'partners',
  id,
  message,
});
