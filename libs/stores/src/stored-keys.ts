import { type Found, MAX_CONTAINS_ANY, type Transaction } from '@keyserver/docstore';
import {
  type ExposureKey,
  type StoredKey,
  type Upload,
  findRecord,
  keyEnd,
  keyHex,
} from '@keyserver/exposure-keys';
import { type UnixMillis, type WindowCalendar, windowLengthAt } from '@keyserver/time';
import {
  type KeyBatchDocument,
  type KeyStoreSettings,
  keyBatchOf,
  keyBatches,
  knownUntil,
} from './key-batch-document.ts';

type FoundBatch = Found<KeyBatchDocument>;

/** All documents that may hold keys with these hashes, in groups that one query takes. */
export async function findByHashes(
  tx: Transaction,
  hashes: readonly number[],
): Promise<readonly FoundBatch[]> {
  const groups = Array.from({ length: Math.ceil(hashes.length / MAX_CONTAINS_ANY) }, (_, n) =>
    hashes.slice(n * MAX_CONTAINS_ANY, (n + 1) * MAX_CONTAINS_ANY),
  );
  const found = await Promise.all(
    groups.map(
      async (values) => await tx.find(keyBatches, { containsAny: { field: 'keyHashes', values } }),
    ),
  );
  return found.flat();
}

/** By what stored keys are judged. */
export interface At {
  readonly now: UnixMillis;
  readonly windows: WindowCalendar;
  readonly settings: Omit<KeyStoreSettings, 'hashKey'>;
}

/**
 * What is stored of the keys of an upload, by key in hexadecimal. Hashes only led here, so each key is looked for by all its
 * bytes, and nothing but its own record is looked at: a refusal must not tell by its time what kind of document the key was in.
 */
export function storedKeys(
  found: readonly FoundBatch[],
  { keys }: Pick<Upload, 'keys'>,
  at: At,
): ReadonlyMap<string, StoredKey> {
  // Where a key is stored twice, what was released first counts, for every reader. But what was published here comes before
  // copies that partners sent for other regions, perhaps within the same window: its phone may revise it whatever they sent.
  const inOrder = found.toSorted(
    (a, b) =>
      Number(isForeign(a)) - Number(isForeign(b)) ||
      a.value.window - b.value.window ||
      (a.id < b.id ? -1 : 1),
  );
  const of = (kind: KeyBatchDocument['kind']) => inOrder.filter(({ value }) => value.kind === kind);
  const [primaries, revisions] = [of('primary'), of('revision')];
  const stored = new Map<string, StoredKey>();
  for (const { data } of keys) {
    const [primary] = recordsOf(data, primaries);
    if (primary === undefined || !isKnown(primary.key, primary.value.window, at)) continue;
    const { id, value, key } = primary;
    const end = value.window + windowLengthAt(at.windows, keyBatchOf(id, value).window);
    stored.set(keyHex(data), {
      key,
      primary: keyBatchOf(id, value),
      revision: revisionOf(
        data,
        revisions.filter((one) => isForeign(one) === isForeign(primary)),
      ),
      isFresh: at.now < end,
    });
  }
  return stored;
}

const isForeign = ({ value: { origin } }: Pick<FoundBatch, 'value'>): boolean =>
  origin === 'federated' || origin === 'imported';

/** The records of a key in documents, in their order. */
const recordsOf = (
  data: Uint8Array,
  documents: readonly FoundBatch[],
): readonly (FoundBatch & { readonly key: ExposureKey })[] =>
  documents.flatMap((document) => {
    const key = findRecord(document.value.records, data);
    return key === undefined ? [] : [{ ...document, key }];
  });

/** Of several revisions the one that takes the key back counts, else the first. */
function revisionOf(data: Uint8Array, revisions: readonly FoundBatch[]): StoredKey['revision'] {
  const records = recordsOf(data, revisions);
  const one = records.find(({ key }) => key.reportType === 'negative') ?? records[0];
  return one && { key: one.key, window: keyBatchOf(one.id, one.value).window };
}

/** Whether a look-up still finds a stored key: for as long as the key itself could be published. */
export const isKnown = (
  key: ExposureKey,
  window: number,
  { now, settings }: Pick<At, 'now' | 'settings'>,
): boolean => Math.max(window + settings.retention, knownUntil(keyEnd(key), settings)) > now;
