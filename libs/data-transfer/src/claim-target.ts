import { type DocumentStore, StoreFault, type Transaction } from '@keyserver/docstore';
import {
  AUDIT_MARK,
  type DataImport,
  FORMAT_ID,
  FORMAT_VERSION,
  SHARDS,
  type StoreFormat,
  dataImports,
  keyHashCheckOf,
  movedCollections,
  readAuditHead,
  readStoreFormat,
  storeFormat,
  storeParts,
} from '@keyserver/stores';
import { MINUTE, SECOND, type UnixMillis, type WindowCalendar, windowsFrom } from '@keyserver/time';
import type { Manifest, MovedFormat } from './manifest.ts';
import { DataExportFault } from './unusable-export.ts';

/** How far an import has come: so many documents of this collection, and all of those before it. */
export type Position = Pick<DataImport, 'collection' | 'documents'>;

/** Who imports, and what the target looks stored keys up by, as far as that is known. */
interface ClaimBy {
  readonly actor?: string | undefined;
  readonly keyHashSecret?: Uint8Array | undefined;
}

/**
 * Takes an empty store for an import and gives it the format of the data, or finds how far the same import came earlier.
 * Throws DataExportFault otherwise.
 */
export const claim = async (
  store: DocumentStore,
  { exportId, storeFormat }: Pick<Manifest, 'exportId' | 'storeFormat'>,
  { keyHashSecret, actor }: ClaimBy,
): Promise<DataImport> =>
  await store.transact(async (tx) => {
    const [begun] = await tx.get(dataImports, [exportId]);
    if (begun?.finishedAt !== undefined) return begun;
    const held = begun === undefined ? await firstHeld(tx) : undefined;
    if (held !== undefined)
      throw new DataExportFault(
        `the target already holds documents (${held}) that do not come from this export; import into an empty one`,
      );
    // Also when an import goes on: a service may have been started on the target meanwhile, and changed its format.
    await takeFormat(tx, storeFormat, keyHashSecret);
    if (begun !== undefined) return begun;
    const by = actor === undefined ? {} : { actor };
    const start = { collection: '', documents: 0, startedAt: tx.now, ...by };
    tx.create(dataImports, exportId, start);
    return start;
  });

async function firstHeld(tx: Transaction): Promise<string | undefined> {
  for (const collection of [...movedCollections, dataImports]) {
    const found = await tx.find(collection, { limit: 1 });
    if (found.length > 0) return collection.layout.name;
  }
  return undefined;
}

/** Records that everything was imported and compared. */
export const finishImport = async (store: DocumentStore, exportId: string): Promise<void> => {
  await store.transact(async (tx) => {
    const [begun] = await tx.get(dataImports, [exportId]);
    const head = await readAuditHead(tx);
    if (begun?.finishedAt !== undefined) return;
    tx.set(dataImports, exportId, { ...startOf(begun), finishedAt: tx.now });
    // From now on a chain that vanishes here is missed, as it was at the source.
    if (head !== undefined) tx.set(storeParts, AUDIT_MARK, { since: tx.now });
  });
};

/** Moves the position on in the transaction that writes the documents between; false when that was done before. */
export async function advance(
  tx: Transaction,
  exportId: string,
  { from, to }: { readonly from: Position; readonly to: Position },
): Promise<boolean> {
  const [begun] = await tx.get(dataImports, [exportId]);
  const import_ = startOf(begun);
  if (isAt(import_, to)) return false;
  if (!isAt(import_, from))
    throw new DataExportFault('the same import is at work elsewhere; wait for it, then run again');
  tx.set(dataImports, exportId, { ...import_, ...to });
  return true;
}

function startOf(begun: DataImport | undefined): DataImport {
  if (begun !== undefined) return begun;
  throw new DataExportFault('the target was emptied during the import; run it again');
}

const isAt = (one: Position, other: Position): boolean =>
  one.collection === other.collection && one.documents === other.documents;

/** What decides which data a target accepts. */
interface MoveTarget {
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
  // The services on Google Cloud refuse shorter windows, so they would not start on the imported data.
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
 * Gives a target the format of the data, in the transaction that claims it. Exports of earlier versions have no format: then
 * the target forgets its windows, which no document has used yet, and the next service that opens it compares its own with
 * the documents. Throws DataExportFault when the two formats do not fit.
 */
async function takeFormat(
  tx: Transaction,
  moved: MovedFormat | undefined,
  keyHashSecret: Uint8Array | undefined,
): Promise<void> {
  const format = await readStoreFormat(tx);
  if (moved === undefined) {
    if (format !== undefined) tx.set(storeFormat, FORMAT_ID, withoutWindows(format));
    return;
  }
  // The command has written a format when it opened the target.
  if (format === undefined)
    throw new StoreFault('unavailable', 'the target does not say its format any more');
  const mismatch = moveMismatch(moved, { format, keyHashSecret, now: tx.now });
  if (mismatch !== undefined) throw new DataExportFault(mismatch);
  tx.set(storeFormat, FORMAT_ID, { ...format, ...moved });
}

const withoutWindows = ({ windows: _, ...rest }: StoreFormat): StoreFormat => rest;
