import type { UnixMillis } from '@keyserver/time';
import type { WholeConfiguration, Span } from './configuration.ts';

/** A time of an export or a partner that cannot take effect as it is wanted: plans begin and end at midnights, and never reach back. */
export type MovedTime = Moved & ({ readonly export: string } | { readonly partner: string });

interface Moved {
  readonly field: 'from' | 'thru';
  readonly wanted: UnixMillis;
  /** When it takes effect instead. */
  readonly at: UnixMillis;
}

/** The times that differ from those with which the same exports and partners, in the same order, take effect. */
export const movedTimes = (
  wanted: WholeConfiguration,
  effective: WholeConfiguration,
): readonly MovedTime[] => [
  ...movedIn(wanted.exports, effective.exports).map(({ id, ...moved }) => ({
    export: id,
    ...moved,
  })),
  ...movedIn(wanted.partners, effective.partners).map(({ id, ...moved }) => ({
    partner: id,
    ...moved,
  })),
];

type Lasting = Span & { readonly id: string };

const movedIn = (
  wanted: readonly Lasting[],
  effective: readonly Lasting[],
): readonly (Moved & { readonly id: string })[] =>
  wanted.flatMap((one, n) =>
    FIELDS.flatMap((field) => {
      const [before, at] = [one[field], effective[n]?.[field]];
      return before === undefined || at === undefined || before === at
        ? []
        : [{ id: one.id, field, wanted: before, at }];
    }),
  );

const FIELDS = ['from', 'thru'] as const;
