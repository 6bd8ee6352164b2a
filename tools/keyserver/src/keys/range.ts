import { parseTime } from '@keyserver/configuration';
import { KEY_AGE_HOURS, KEY_RETENTION_HOURS } from '@keyserver/exposure-keys';
import {
  type Counts,
  type KeyRange,
  type RangePlace,
  type Survey,
  rangePlace,
  surveyKeys,
} from '@keyserver/operations';
import { DAY, HOUR, type UnixMillis, unixMillis } from '@keyserver/time';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions } from '../open-store.ts';
import { wholeNumber } from '../options.ts';
import { type TargetFlags, addTargetOptions } from '../pause/target.ts';
import type { Tell } from '../progress.ts';
import { counted } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import type { OpenStore } from '../wiring.ts';

/** Which keys a command is about, and whether it does it. */
export interface RangeFlags extends StoreFlags, TargetFlags {
  readonly from: UnixMillis;
  readonly until?: UnixMillis;
  readonly all?: true;
  readonly keyRetentionHours: number;
  readonly maxKeyAgeHours: number;
  readonly yes?: true;
}

/** Adds the options that name a range of stored keys. */
export const addRangeOptions = (command: Command, context: CommandContext): Command =>
  addTargetOptions(addStoreOptions(command, context.dataDirectory), 'only keys')
    .requiredOption(
      '--from <time>',
      'keys of release windows that begin at this time or later, such as 2026-01-15T12:00:00Z; one upload lies in several windows, and a key that was still valid in a later one',
      instant,
    )
    .option('--until <time>', 'only of release windows that begin before this time', instant)
    .option('--all', 'keys of every app, region and query')
    .option(
      '--key-retention-hours <hours>',
      'KEY_RETENTION_HOURS of the services',
      wholeNumber(KEY_RETENTION_HOURS),
      KEY_RETENTION_HOURS.default,
    )
    .option(
      '--max-key-age-hours <hours>',
      'MAX_KEY_AGE_HOURS of the services',
      wholeNumber(KEY_AGE_HOURS),
      KEY_AGE_HOURS.default,
    )
    .option('--yes', 'do it, instead of showing what would be done');

function instant(text: string): UnixMillis {
  const time = parseTime(text);
  if (time === undefined)
    throw new InvalidArgumentError('must be a time in UTC, such as 2026-01-15T12:00:00Z');
  return time;
}

/** Windows begin no later than a day and a window after their keys were stored, and windows are a day at most. */
const LATEST_WINDOW = 3 * DAY;

/** The range that the options name, within what may be stored at all, and the settings that the services keep keys by. */
export async function rangeOf(
  { store }: Pick<OpenStore, 'store'>,
  flags: RangeFlags,
): Promise<{ readonly place: RangePlace; readonly range: KeyRange; readonly kept: Kept }> {
  const now = await store.now();
  const { app, region, query, from, until = unixMillis(now + LATEST_WINDOW) } = flags;
  const isNamed = app !== undefined || region !== undefined || query !== undefined;
  if (isNamed === (flags.all === true))
    throw new CommandFault('say whose keys: --app, --region or --query, or else --all');
  if (from >= until) throw new CommandFault('there is nothing between --from and --until');
  const kept = {
    retention: flags.keyRetentionHours * HOUR,
    maxKeyAge: flags.maxKeyAgeHours * HOUR,
  };
  const oldest = unixMillis(Math.max(0, now - Math.max(kept.retention, kept.maxKeyAge) - DAY));
  const place = await rangePlace(store);
  if (place === undefined)
    throw new CommandFault('the store does not say its windows yet: start the services once');
  const range = { app, region, query, until, from: unixMillis(Math.max(from, oldest)) };
  return { place, range, kept };
}

interface Kept {
  readonly retention: number;
  readonly maxKeyAge: number;
}

/** Counts what a range holds, and says what can be done about each part. */
export async function showSurvey(
  place: RangePlace,
  range: KeyRange,
  { out }: CommandContext['terminal'],
): Promise<Survey> {
  const survey = await surveyKeys(place, range);
  out(`In files, or may be soon: ${countsText(survey.settled)}: keyserver keys revoke.\n`);
  out(`Being counted for files:  ${countsText(survey.begun)}: wait for the next files.\n`);
  out(`Seen by nobody yet:       ${countsText(survey.untouched)}: keyserver keys delete.\n`);
  return survey;
}

const countsText = ({ documents, keys }: Counts): string =>
  `${counted(keys, 'key')} in ${counted(documents, 'document')}`;

/** Tells how far a command has come, after each day of windows. */
export const tellDay =
  (tell: Tell) =>
  ({ day, documents }: { readonly day: UnixMillis; readonly documents: number }): void => {
    tell(`${new Date(day).toISOString().slice(0, 10)}: ${counted(documents, 'document')} so far`);
  };
