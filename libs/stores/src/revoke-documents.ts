import type { DocumentStore, Transaction } from '@keyserver/docstore';
import {
  ASSUMED_RISK,
  type ExposureKey,
  findRecord,
  keyEnd,
  packRecords,
  releaseSpan,
  releaseWindow,
  unpackRecords,
} from '@keyserver/exposure-keys';
import { type Random, randomId, shuffle } from '@keyserver/random';
import { type Clock, type UnixMillis, unixMillis } from '@keyserver/time';
import { type Coverage, refuseCovered, rememberedCoverage } from './covered-windows.ts';
import {
  type KeyBatchDocument,
  type KeyStoreSettings,
  keyBatchDocument,
  keyBatchOf,
  keyBatches,
} from './key-batch-document.ts';
import type { StoredDocument } from './key-range.ts';
import { padRevised } from './padding-documents.ts';
import type { FindWindows } from './store-windows.ts';
import { type At, findByHashes, isKnown } from './stored-keys.ts';

/** What the deployment sets for taking keys back. */
export interface RevokeSettings extends Omit<KeyStoreSettings, 'hashKey'> {
  /** Says when what is remembered of the exports is too old. */
  readonly clock: Clock;
  readonly windows: FindWindows;
}

/** Documents that are taken back together: all of one cell. */
export interface RevokeGroup {
  /** Documents of people, or of other servers. */
  readonly real: readonly StoredDocument[];
  /** Generated documents that may be taken back with those that were published here, in random order. */
  readonly generated: readonly StoredDocument[];
}

/** What became of a group. */
export interface RevokedGroup {
  /** Real documents in which some key was taken back. */
  readonly documents: number;
  readonly keys: number;
  /** Keys that were taken back before. */
  readonly before: number;
  /** Generated documents that were taken back with them. */
  readonly generated: number;
  /** Generated documents that are used up: those, and others that were revised before. */
  readonly used: ReadonlySet<string>;
}

/** So many generated documents are taken back with each real one, if there are as many. */
export const GENERATED_FOR_EACH = 2;

/** Documents in one group: what is looked up for them stays far below what a transaction may hold. */
export const GROUP_DOCUMENTS = 8;

/**
 * Makes what takes documents back: each of its keys that is not taken back already gets a revision. It is told by nothing of a
 * generated document's revision that it is one: it is written in the same transaction, in the form of any other.
 */
export function revokeDocuments(
  store: DocumentStore,
  settings: RevokeSettings,
  random: Random,
): (group: RevokeGroup) => Promise<RevokedGroup> {
  const recall = rememberedCoverage(store, settings.clock);
  return async (group) => {
    const coverage = await recall();
    const drawn: string[] = [];
    const idOf = (n: number): string => (drawn[n] ??= randomId(random));
    let done: RevokedGroup | undefined;
    return await store.transact(async (tx) => {
      // An attempt whose outcome was never heard of may have committed: then its answer is the answer.
      const [first] = await tx.get(keyBatches, [idOf(0)]);
      if (done !== undefined && first !== undefined) return done;
      const decided = await decide(tx, group, { settings, random });
      for (const [n, { id, revision }] of decided.revisions.entries())
        write(tx, { id: idOf(n), of: id, revision, coverage, settings, random });
      for (const id of decided.unclaimed)
        tx.create(padRevised, id, { expireAt: tx.now + settings.retention + settings.maxKeyAge });
      done = decided.outcome;
      return done;
    });
  };
}

/** A document, and what says that its keys are taken back. */
interface RevisionOf {
  readonly id: string;
  readonly revision: Revision;
}

interface Revision {
  readonly primary: KeyBatchDocument;
  readonly window: UnixMillis;
  readonly keys: readonly ExposureKey[];
}

interface Decision {
  readonly revisions: readonly RevisionOf[];
  /** Documents whose revision nobody has claimed. */
  readonly unclaimed: readonly string[];
  readonly outcome: RevokedGroup;
}

/** All reads come before the writes, and are made anew: documents may have gone, or been revised, since they were listed. */
async function decide(
  tx: Transaction,
  group: RevokeGroup,
  { settings, random }: { readonly settings: RevokeSettings; readonly random: Random },
): Promise<Decision> {
  const candidates = [...group.real, ...group.generated];
  const ids = candidates.map(({ id }) => id);
  const [stored, claims, found] = await Promise.all([
    tx.get(keyBatches, ids),
    tx.get(padRevised, ids),
    findByHashes(tx, [...new Set(group.real.flatMap(({ value }) => value.keyHashes))]),
  ]);
  const windows = await settings.windows(tx);
  const now = tx.floor(releaseSpan(windows));
  const at = { now, windows, settings };
  const claimed = new Set(ids.filter((_, n) => claims[n] !== undefined));
  const there = new Map(ids.map((id, n) => [id, stored[n]]));
  const revisionsOf = (of: readonly StoredDocument[], before: readonly StoredDocument[]) =>
    of.flatMap(({ id }) => {
      const primary = there.get(id);
      const revision = primary && revisionOf(primary, before, at);
      return revision === undefined ? [] : [{ id, revision }];
    });
  const real = revisionsOf(group.real, uniqueOf(found));
  const local = real.filter(({ revision }) => revision.primary.origin === 'local').length;
  const free = group.generated.filter(({ id }) => !claimed.has(id));
  const generated = revisionsOf(free, []).slice(0, GENERATED_FOR_EACH * local);
  const all = shuffle([...real, ...generated], random);
  const asked = group.real.flatMap(({ id }) => knownKeys(there.get(id), at)).length;
  const keys = real.reduce((sum, { revision }) => sum + revision.keys.length, 0);
  return {
    revisions: all,
    unclaimed: all.map(({ id }) => id).filter((id) => !claimed.has(id)),
    outcome: {
      ...{ documents: real.length, keys, before: asked - keys, generated: generated.length },
      used: new Set([...generated.map(({ id }) => id), ...claimed]),
    },
  };
}

/** A document is found once for each group of hashes that it answers. */
const uniqueOf = (found: readonly StoredDocument[]): readonly StoredDocument[] => [
  ...new Map(found.map((document) => [document.id, document])).values(),
];

/** The keys of a document that a look-up still finds. */
const knownKeys = (
  document: KeyBatchDocument | undefined,
  at: RevokedAt,
): readonly ExposureKey[] =>
  document === undefined
    ? []
    : unpackRecords(document.records).filter((key) => isKnown(key, document.window, at));

type RevokedAt = Omit<At, 'settings'> & { readonly settings: RevokeSettings };

/** What takes back the keys of a document that are not; undefined when all are. It goes out no sooner than what it follows. */
function revisionOf(
  primary: KeyBatchDocument,
  found: readonly StoredDocument[],
  at: RevokedAt,
): Revision | undefined {
  const before = found.map(({ value }) => value).filter((one) => isRevisionOf(one, primary));
  const isRevoked = ({ data }: ExposureKey): boolean =>
    before.some(({ records }) => findRecord(records, data)?.reportType === 'negative');
  const keys = knownKeys(primary, at).filter((key) => !isRevoked(key));
  if (keys.length === 0) return undefined;
  const window = Math.max(
    primary.window,
    ...before.map((one) => one.window),
    ...keys.map((key) => releaseWindow(keyEnd(key), at.now, at.windows)),
  );
  return { primary, window: unixMillis(window), keys: keys.map(revoked) };
}

/** The risk is what is assumed of any key that is taken back, so that it says nothing of what the key had before. */
const revoked = (key: ExposureKey): ExposureKey => ({
  ...key,
  reportType: 'negative',
  risk: ASSUMED_RISK.negative,
});

/**
 * Whether a document may hold revisions of another's keys: for those whom it is for, from the same source. Revisions of generated
 * keys are stored as those of people.
 */
export function isRevisionOf(
  { kind, origin, sourceId, regions, traveler }: KeyBatchDocument,
  primary: KeyBatchDocument,
): boolean {
  const source = sourceOf(primary);
  return (
    kind === 'revision' &&
    origin === source.origin &&
    sourceId === source.sourceId &&
    traveler === primary.traveler &&
    primary.regions.every((region) => regions.includes(region))
  );
}

const sourceOf = ({
  origin,
  sourceId,
}: KeyBatchDocument): Pick<KeyBatchDocument, 'origin' | 'sourceId'> =>
  origin === 'padding' ? { origin: 'local', sourceId: '' } : { origin, sourceId };

function write(
  tx: Transaction,
  one: {
    readonly id: string;
    readonly of: string;
    readonly revision: Revision;
    readonly coverage: Coverage;
    readonly settings: RevokeSettings;
    readonly random: Random;
  },
): void {
  const { primary, window, keys } = one.revision;
  const { regions, traveler, app, authority } = keyBatchOf(one.of, primary);
  const shared = { kind: 'revision', window, regions, traveler, app, authority } as const;
  const batch = {
    ...{ ...shared, ...sourceOf(primary) },
    records: packRecords(keys),
    // Which hash is that of which key is known to the services alone; one that leads here in vain does no harm.
    keyHashes: primary.keyHashes,
  };
  refuseCovered(one.coverage, batch);
  const document = keyBatchDocument(batch, { ...one.settings, hashKey: noHash }, one.random);
  tx.create(keyBatches, one.id, document);
}

const noHash = (): never => {
  throw new Error('the hashes of stored keys are stored with them');
};
