import { type ValuesOf, integer, text, tolerant } from '@keyserver/config';
import { DEFAULT_STATS_AUDIENCE } from '@keyserver/health-authority';
import { type SettingName, settingNames } from '@keyserver/log';
import { TOTALS_RETENTION_DAYS } from '@keyserver/stores';
import { DAY, HOUR } from '@keyserver/time';
import type { DayRules } from './days.ts';

/**
 * Variables of the statistics for health authorities. What protects people has bounds, and a value beyond them stops the
 * statistics, never the uploads.
 */
export const statsVariables = {
  STATS_MIN_UPLOADS: tolerant(
    integer({
      about:
        'The least number of uploads of a day whose statistics are shown before the embargo ends. Another value stops the statistics, not the uploads.',
      min: 10,
      max: 1_000_000,
      default: 10,
    }),
  ),
  STATS_EMBARGO_HOURS: tolerant(
    integer({
      about:
        'How long after its end a day with fewer uploads is shown. Another value stops the statistics, not the uploads.',
      min: 48,
      max: 168, // shorter than the shortest retention, so that small days come before they are deleted
      default: 48,
    }),
  ),
  TOTALS_RETENTION_DAYS: tolerant(
    integer({
      about:
        'For how long the totals of a UTC day are kept after its end; cleanup needs the same. Another value stops the statistics, not the uploads.',
      ...TOTALS_RETENTION_DAYS,
    }),
  ),
  STATS_AUDIENCE: text({
    about: 'The audience that the tokens of health authorities for their statistics must have.',
    default: DEFAULT_STATS_AUDIENCE,
    maxLength: 200,
  }),
  STATS_PADDING_MIN_BYTES: integer({
    about: 'The least number of random bytes that pad statistics.',
    min: 1,
    max: 16_384,
    default: 2048,
  }),
  STATS_PADDING_RANGE_BYTES: integer({
    about: 'How many different lengths of that padding there are, counted up from the least.',
    min: 1,
    max: 16_384,
    default: 1024,
  }),
};

/** What the settings of the statistics come to. */
export type StatsRules =
  | (DayRules & {
      readonly kind: 'on';
      /** For how long a day is kept after its end, ms. */
      readonly retention: number;
    })
  | {
      readonly kind: 'off';
      /** Variables whose value is refused. */
      readonly settings: readonly SettingName[];
    };

type RuleValues = Pick<
  ValuesOf<typeof statsVariables>,
  'STATS_MIN_UPLOADS' | 'STATS_EMBARGO_HOURS' | 'TOTALS_RETENTION_DAYS'
>;

/** The rules that the settings give, or which settings give none. */
export function statsRulesOf(values: RuleValues): StatsRules {
  const {
    STATS_MIN_UPLOADS: minUploads,
    STATS_EMBARGO_HOURS: embargo,
    TOTALS_RETENTION_DAYS: retention,
  } = values;
  if (minUploads === 'refused' || embargo === 'refused' || retention === 'refused') {
    const given = { STATS_MIN_UPLOADS: minUploads, STATS_EMBARGO_HOURS: embargo };
    const all = { ...given, TOTALS_RETENTION_DAYS: retention };
    const names = Object.entries(all).filter(([, value]) => value === 'refused');
    return { kind: 'off', settings: settingNames(names.map(([name]) => ({ name }))) };
  }
  return { kind: 'on', minUploads, embargo: embargo * HOUR, retention: retention * DAY };
}
