import { StoreFault, type Transaction } from '@keyserver/docstore';
import {
  FORMAT_ID,
  FORMAT_VERSION,
  SHARDS,
  type StoreFormat,
  keyHashCheckOf,
  readStoreFormat,
  storeFormat,
} from '@keyserver/stores';
import { MINUTE, SECOND, type UnixMillis, type WindowCalendar, windowsFrom } from '@keyserver/time';
import { UnusableExport } from './unusable-export.ts';

/**
 * What data keep of their store's format when they move to another store. The id names one store, the closing delay belongs
 * to its platform, and revision tokens are wrapped anew where the data go.
 */
export type MovedFormat = Pick<
  StoreFormat,
  'version' | 'shards' | 'windows' | 'profile' | 'keyHashCheck'
>;

/** The part of a format that moves. */
export const movedFormatOf = ({
  version,
  shards,
  windows,
  profile,
  keyHashCheck,
}: MovedFormat): MovedFormat => ({
  version,
  shards,
  ...(windows === undefined ? {} : { windows }),
  ...(profile === undefined ? {} : { profile }),
  ...(keyHashCheck === undefined ? {} : { keyHashCheck }),
});

/** What a target is, as far as it decides which data it takes. */
export interface MoveTarget {
  /** What it says of itself. */
  readonly format: StoreFormat;
  /** What it looks stored keys up by, where it is known. */
  readonly keyHashSecret?: Uint8Array | undefined;
  /** Store time. */
  readonly now: UnixMillis;
}

/** Why data of a format do not go into a target, as a sentence for the operator; undefined when they do. */
function moveMismatch(moved: MovedFormat, target: MoveTarget): string | undefined {
  for (const compare of COMPARISONS) {
    const sentence = compare(moved, target);
    if (sentence !== undefined) return sentence;
  }
  return undefined;
}

/** What an operator reads when stored keys would not be found again. */
export const OTHER_SECRET =
  'the key-hash secret of the target is not the one of the source; copy it first';

const COMPARISONS: readonly ((moved: MovedFormat, target: MoveTarget) => string | undefined)[] = [
  ({ version, shards }) =>
    version === FORMAT_VERSION && shards === SHARDS
      ? undefined
      : `the exported data have the format ${version} with ${shards} shards, and this program knows ${FORMAT_VERSION} with ${SHARDS}: import with the version that exported, or a newer one`,
  ({ keyHashCheck }, { format, keyHashSecret }) => {
    const known = [
      format.keyHashCheck,
      keyHashSecret === undefined ? undefined : keyHashCheckOf(keyHashSecret),
    ];
    return keyHashCheck === undefined ||
      known.every((one) => (one ?? keyHashCheck) === keyHashCheck)
      ? undefined
      : OTHER_SECRET;
  },
  ({ profile }, { format }) =>
    profile === undefined || format.profile === undefined || profile === format.profile
      ? undefined
      : `the exported data were written in the profile ${profile}, and the target was opened in the profile ${format.profile}: import into a store that nobody has opened in another profile`,
  ({ windows }, { format, now }) =>
    windows === undefined ||
    format.windows === undefined ||
    sayWindows(windows, now) === sayWindows(format.windows, now)
      ? undefined
      : `the exported data have windows of ${sayWindows(windows, now)}, and the target has ${sayWindows(format.windows, now)}: import into a store that no service has opened yet, and set TRUNCATE_WINDOW_SECONDS there as it was at the source`,
  // The same bound as on TRUNCATE_WINDOW_SECONDS, said before the data lie where no service starts on them.
  ({ windows }, { format, now }) =>
    windows !== undefined &&
    format.closingDelay > 0 &&
    windowsFrom(windows, now).some(({ length }) => length < MINUTE)
      ? 'windows on Google Cloud are at least 60 s long: change them at the source first, with `npx keyserver store set-window 60`, wait until the change has begun, and export again'
      : undefined,
];

function sayWindows(windows: WindowCalendar, now: UnixMillis): string {
  const lengths = windowsFrom(windows, now).map(
    ({ from, length }) =>
      `${length / SECOND} s${from > now ? ` from ${new Date(from).toISOString()} on` : ''}`,
  );
  return lengths.join(', ');
}

/**
 * Lets a target say of itself what the data bring along, in the transaction that claims it for them. Data that bring
 * nothing are of an earlier version: whatever the target said of its windows was about no data, and whoever opens it next
 * and knows its windows looks at the documents first. Throws UnusableExport when the two do not fit.
 */
export async function takeFormat(
  tx: Transaction,
  moved: MovedFormat | undefined,
  keyHashSecret: Uint8Array | undefined,
): Promise<void> {
  const format = await readStoreFormat(tx);
  if (moved === undefined) {
    if (format !== undefined) tx.set(storeFormat, FORMAT_ID, withoutWindows(format));
    return;
  }
  // Whoever opens a store to import into it has written its format.
  if (format === undefined)
    throw new StoreFault('unavailable', 'the target does not say its format any more');
  const mismatch = moveMismatch(moved, { format, keyHashSecret, now: tx.now });
  if (mismatch !== undefined) throw new UnusableExport(mismatch);
  tx.set(storeFormat, FORMAT_ID, { ...format, ...moved });
}

const withoutWindows = ({ windows: _, ...rest }: StoreFormat): StoreFormat => rest;
