import type { UnixMillis } from '@keyserver/time';
import type { Configuration } from './configuration.ts';

/** A time of an export that cannot take effect as it is wanted: plans begin and end at midnights, and never reach back. */
export interface MovedTime {
  /** The id of the export. */
  readonly export: string;
  readonly field: 'from' | 'thru';
  readonly wanted: UnixMillis;
  /** When it takes effect instead. */
  readonly at: UnixMillis;
}

type Exports = Configuration['exports'];

/** The times of wanted exports that differ from those with which the same exports, in the same order, take effect. */
export const movedTimes = (wanted: Exports, effective: Exports): readonly MovedTime[] =>
  wanted.flatMap((config, n) =>
    FIELDS.flatMap((field) => {
      const [before, at] = [config[field], effective[n]?.[field]];
      return before === undefined || at === undefined || before === at
        ? []
        : [{ export: config.id, field, wanted: before, at }];
    }),
  );

const FIELDS = ['from', 'thru'] as const;
