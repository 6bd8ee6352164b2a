import { type Reader, readerOf, shareKeys } from '@keyserver/padding';
import type { UnixMillis } from '@keyserver/time';
import { type WholeConfiguration, type Section, type Span, isOver } from './configuration.ts';

/** An export or a padded partner, as the rules of plans see it. */
export interface PlannedReader extends Reader, Span {
  readonly section: Extract<Section, 'exports' | 'partners'>;
  /** Its id as the file has it. */
  readonly name: string;
  /** What the file calls its period. */
  readonly periodField: 'period' | 'unit';
  /** Most keys in a file; a partner is given pages of any length. */
  readonly maxRecords: number;
}

/** Everybody who is given keys by plans. */
export const plannedReaders = ({
  exports,
  partners,
}: Pick<WholeConfiguration, 'exports' | 'partners'>): readonly PlannedReader[] => [
  ...exports.map((config) => ({
    ...config,
    ...{ section: 'exports' as const, name: config.id, periodField: 'period' as const },
  })),
  ...partners
    .filter(({ mode }) => mode === 'padded')
    .map((partner) => ({
      ...readerOf(partner),
      ...{ from: partner.from, thru: partner.thru, maxRecords: Infinity },
      ...{ section: 'partners' as const, name: partner.id, periodField: 'unit' as const },
    })),
];

/** Pairs of readers that have not ended and may be given the same keys, a reader with itself included. */
export const sharingReaders = (
  configuration: WholeConfiguration,
  now: UnixMillis,
): readonly (readonly [PlannedReader, PlannedReader])[] => {
  const lasting = plannedReaders(configuration).filter((reader) => !isOver(reader, now));
  return lasting.flatMap((one) =>
    lasting
      .filter((other) => one === other || shareKeys(one, other))
      .map((other) => [one, other] as const),
  );
};
