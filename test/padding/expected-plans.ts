import type { ExportConfig } from '@keyserver/export-file';
import type { Plan } from '@keyserver/padding';
import { DAY, type UnixMillis } from '@keyserver/time';

/** How an operator wanted an export to be, and when. */
export interface Wanted {
  readonly at: UnixMillis;
  /** Whether no day had a plan yet. */
  readonly isEarly: boolean;
  readonly config: ExportConfig;
}

/**
 * What is wrong with a plan, by what operators wanted. It says once more, in its own words, what the server's code says of
 * midnights: a plan has each export as it was wanted last before its day, from the midnight of its beginning until that of
 * its end.
 */
export function faultsOf({ start, exports }: Plan, wanted: readonly Wanted[]): readonly string[] {
  const ids = [...new Set(wanted.map(({ config }) => config.id))].sort();
  const expected = ids.flatMap((id) => {
    const own = wanted.filter(({ config }) => config.id === id);
    const known = own.filter(({ at, isEarly }) => isEarly || at < start);
    const config = known.at(-1)?.config;
    const isOn = beginningOf(known) <= start && start < endOf(config);
    return config !== undefined && isOn ? [settingsOf(config)] : [];
  });
  const planned = exports.map(settingsOf);
  return planned.join() === expected.join()
    ? []
    : [`the plan of ${start} has [${planned.join()}], not [${expected.join()}]`];
}

/** Where an export has begun stays; until then it may be moved, but not before the midnight after the change. */
function beginningOf(wanted: readonly Wanted[]): number {
  let beginning = Infinity;
  for (const { at, isEarly, config } of wanted) {
    const earliest = isEarly ? 0 : (Math.floor(at / DAY) + 1) * DAY;
    if (isEarly || beginning > at) beginning = Math.max(roundedUp(config.from), earliest);
  }
  return beginning;
}

const endOf = (config: ExportConfig | undefined): number => roundedUp(config?.thru ?? Infinity);

const roundedUp = (t: number): number => Math.ceil(t / DAY) * DAY;

/** All of an export that a plan is about, but for its beginning and end. */
const settingsOf = (config: ExportConfig): string =>
  JSON.stringify({ ...config, from: undefined, thru: undefined });
