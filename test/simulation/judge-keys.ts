import { REPORT_TYPE_CODE } from '@keyserver/exposure-keys';
import { DAY, HOUR } from '@keyserver/time';
import type { Problem } from './invariants.ts';
import type { Glimpse } from './observe.ts';
import { type Crowd, type Person, endOf } from './people.ts';
import type { Country } from '@keyserver/demo';

/** How long a key may take, beside a period, from its server or its last interval into a file of that server while nothing is wrong. */
const AT_HOME = 4 * HOUR;
const RETENTION = 14 * DAY;

/** What is known from elsewhere of the keys in files. */
export interface Known {
  readonly crowd: Pick<Crowd, 'people' | 'refused' | 'recalled'>;
  /** Keys that servers have generated, which nobody outside can tell. */
  readonly generated: ReadonlySet<string>;
  /** Since when nothing is wrong with the server of a country that could make keys late; undefined while something is. */
  readonly calmSince: (country: Country) => number | undefined;
  /** How long a file takes, ms. */
  readonly period: number;
  /** How much longer keys may take into files of a partner: it fetches, waits after failures, and has files of its own. */
  readonly abroad: number;
}

interface Listed {
  readonly country: Country;
  readonly now: number;
  /** The files in which a key is, and those that take it back. */
  readonly places: ReadonlyMap<string, readonly string[]>;
  readonly back: ReadonlyMap<string, readonly string[]>;
}

/** What is wrong with the files of a country, by what is known of everybody who has uploaded something. */
export function judgeKeys(country: Country, glimpse: Glimpse, known: Known): readonly Problem[] {
  const listed = { country, now: glimpse.now, ...placesIn(glimpse) };
  const theirs = known.crowd.people.filter((person) => mayBeAt(person, country));
  return [
    ...strangers(listed, theirs, known),
    ...theirs.flatMap((person) => wronglyListed(listed, person)),
    ...theirs.flatMap((person) => missing(listed, person, known)),
  ];
}

function placesIn({ archives }: Glimpse): Pick<Listed, 'places' | 'back'> {
  const [places, back] = [new Map<string, string[]>(), new Map<string, string[]>()];
  const add = (to: Map<string, string[]>, key: string, name: string): void => {
    to.set(key, [...(to.get(key) ?? []), name]);
  };
  for (const { name, keys, revised } of archives) {
    for (const key of keys) add(places, key, name);
    for (const [key, type] of revised)
      add(back, type === REPORT_TYPE_CODE.negative ? key : `${key} as ${type}`, name);
  }
  return { places, back };
}

/** A country has the keys of its people, and those of travelers that no test phone sent. */
const mayBeAt = ({ home, traveler, isTest }: Person, country: Country): boolean =>
  home === country || (traveler && !isTest);

/** Keys that this server may not have, or that nobody ever had. */
function strangers(
  { places, back }: Listed,
  theirs: readonly Person[],
  { crowd, generated }: Known,
): readonly Problem[] {
  const known = new Set(theirs.flatMap(({ keys }) => keys.map(({ key }) => key)));
  const nameOf = (key: string): string => {
    const person = crowd.people.find(({ keys }) => keys.some((one) => one.key === key));
    if (person === undefined) return 'unknown';
    return `of ${person.home.id}${person.isTest ? ', a test' : ''}${person.traveler ? ', a traveler' : ''}`;
  };
  return [places, back].flatMap((of) =>
    [...of.keys()]
      .filter((key) => !known.has(key) && !generated.has(key))
      .map((key): Problem =>
        crowd.refused.has(key)
          ? 'I11: a key is listed that was refused'
          : `I5: a key of nobody who may be here is ${of === back ? 'taken back' : 'listed'}: ${nameOf(key)}`,
      ),
  );
}

/** Keys that are listed twice, too early, or taken back though nobody asked for it. */
const wronglyListed = (listed: Listed, person: Person): readonly Problem[] =>
  person.keys.flatMap((key) => {
    const names = listed.places.get(key.key) ?? [];
    const backs = listed.back.get(key.key) ?? [];
    const isSeen = names.length + backs.length > 0;
    return [
      ...(names.length > 1 ? [`I1: a key is listed in ${names.join(' and ')}` as const] : []),
      ...(backs.length > 1 ? [`I4: a key is taken back in ${backs.join(' and ')}` as const] : []),
      ...(isSeen && endOf(key) > listed.now
        ? (['I2: a key is listed that phones still use'] as const)
        : []),
      ...(backs.length > 0 && !mayBeTakenBack(person, listed.now)
        ? (['I4: a key is taken back that nobody took back'] as const)
        : []),
    ];
  });

const mayBeTakenBack = ({ takesBackAt, isRecalled }: Person, now: number): boolean =>
  isRecalled || (takesBackAt ?? Infinity) <= now;

/** Keys that should be in a file by now. */
function missing(
  { country, places, back, now }: Listed,
  { home, keys, storedAt, takenBackAt }: Person,
  { crowd, calmSince, period, abroad }: Known,
): readonly Problem[] {
  const calm = [home, country].map((one) => calmSince(one) ?? Infinity);
  const patience = period + AT_HOME + (home === country ? 0 : abroad);
  const isDue = (at: number | undefined, end: number): boolean => {
    const ready = Math.max(at ?? Infinity, end);
    return Math.max(ready, ...calm) + patience <= now && ready + RETENTION - DAY > now;
  };
  const when = `stored at ${home.id} at ${time(storedAt)}`;
  return keys.flatMap((key): readonly Problem[] => {
    const backAt = takenBackAt ?? crowd.recalled.get(key.key);
    return [
      ...(isDue(storedAt, endOf(key)) && !places.has(key.key)
        ? [`I1: a key ${when}, ended ${time(endOf(key))}, is in no file` as const]
        : []),
      ...(isDue(backAt, endOf(key)) && !back.has(key.key)
        ? [`I4: a key ${when}, taken back at ${time(backAt)}, is taken back by no file` as const]
        : []),
    ];
  });
}

const time = (at: number | undefined): string =>
  at === undefined ? 'never' : new Date(at).toISOString().slice(0, 16);
