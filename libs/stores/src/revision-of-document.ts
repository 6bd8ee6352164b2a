import type { Transaction } from '@keyserver/docstore';
import {
  ASSUMED_RISK,
  type ExposureKey,
  findRecord,
  keyEnd,
  releaseWindow,
  unpackRecords,
} from '@keyserver/exposure-keys';
import { paddingSourceOf } from '@keyserver/padding';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import type { KeyBatchDocument, KeyStoreSettings } from './key-batch-document.ts';
import type { StoredDocument } from './key-range.ts';
import { padCells } from './padding-documents.ts';
import { type At, findByHashes, isKnown } from './stored-keys.ts';

/** What takes back keys of a document. */
export interface Revision {
  readonly primary: KeyBatchDocument;
  readonly window: UnixMillis;
  readonly keys: readonly ExposureKey[];
  /** Whether some key of the document was revised before. */
  readonly wasRevised: boolean;
}

/** The revisions of keys of these documents; of generated ones those that belong to settled cells, as nobody has seen others. */
export async function revisionsBefore(
  tx: Transaction,
  documents: readonly StoredDocument[],
): Promise<readonly KeyBatchDocument[]> {
  const hashes = [...new Set(documents.flatMap(({ value }) => value.keyHashes))];
  const found = uniqueOf(await findByHashes(tx, hashes))
    .map(({ value }) => value)
    .filter(({ kind }) => kind === 'revision');
  const sourceIn = (one: KeyBatchDocument) =>
    one.origin === 'padding' ? paddingSourceOf(one.sourceId) : undefined;
  const cells = [...new Set(found.flatMap((one) => sourceIn(one)?.cell ?? []))];
  const settled = cells.length === 0 ? [] : await tx.get(padCells, cells);
  const attempts = new Map(cells.map((cell, n) => [cell, settled[n]?.attempt]));
  return found.filter((one) => {
    const source = sourceIn(one);
    return source === undefined
      ? one.origin !== 'padding'
      : attempts.get(source.cell) === source.attempt;
  });
}

/** A document is found once for each group of hashes that it answers. */
const uniqueOf = (found: readonly StoredDocument[]): readonly StoredDocument[] => [
  ...new Map(found.map((document) => [document.id, document])).values(),
];

/** The keys of a document that a look-up still finds. */
export const knownKeys = (
  document: KeyBatchDocument | undefined,
  at: RevokedAt,
): readonly ExposureKey[] =>
  document === undefined
    ? []
    : unpackRecords(document.records).filter((key) => isKnown(key, document.window, at));

type RevokedAt = Omit<At, 'settings'> & { readonly settings: Omit<KeyStoreSettings, 'hashKey'> };

/** What takes back the keys of a document that are not; undefined when all are. It goes out no sooner than what it follows. */
export function revisionOf(
  primary: KeyBatchDocument,
  revisions: readonly KeyBatchDocument[],
  at: RevokedAt,
): Revision | undefined {
  const known = knownKeys(primary, at);
  const before = revisions
    .filter((one) => isRevisionOf(one, primary))
    .filter(({ records }) => known.some(({ data }) => findRecord(records, data) !== undefined));
  const isRevoked = ({ data }: ExposureKey): boolean =>
    before.some(({ records }) => findRecord(records, data)?.reportType === 'negative');
  const keys = known.filter((key) => !isRevoked(key));
  if (keys.length === 0) return undefined;
  const window = Math.max(
    primary.window,
    ...before.map((one) => one.window),
    ...keys.map((key) => releaseWindow(keyEnd(key), at.now, at.windows)),
  );
  const wasRevised = before.length > 0;
  return { primary, window: unixMillis(window), keys: keys.map(revoked), wasRevised };
}

/** The risk is what is assumed of any key that is taken back, so that it says nothing of what the key had before. */
const revoked = (key: ExposureKey): ExposureKey => ({
  ...key,
  reportType: 'negative',
  risk: ASSUMED_RISK.negative,
});

/**
 * Whether a document may hold revisions of another's keys: for those whom it is for, from the same source. A generated key is
 * revised by padding, or as a phone's key is.
 */
export function isRevisionOf(
  { kind, origin, sourceId, regions, traveler }: KeyBatchDocument,
  primary: KeyBatchDocument,
): boolean {
  const source = sourceOf(primary);
  const isOfPadding = origin === 'padding' && primary.origin === 'padding';
  return (
    kind === 'revision' &&
    (isOfPadding || (origin === source.origin && sourceId === source.sourceId)) &&
    traveler === primary.traveler &&
    primary.regions.every((region) => regions.includes(region))
  );
}

/** Where revisions of a document's keys come from. */
export const sourceOf = ({
  origin,
  sourceId,
}: KeyBatchDocument): Pick<KeyBatchDocument, 'origin' | 'sourceId'> =>
  origin === 'padding' ? { origin: 'local', sourceId: '' } : { origin, sourceId };
