import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { packRecords, releaseSpan } from '@keyserver/exposure-keys';
import { type Random, randomId, shuffle } from '@keyserver/random';
import type { Clock } from '@keyserver/time';
import { type Coverage, refuseCovered, rememberedCoverage } from './covered-windows.ts';
import {
  type KeyStoreSettings,
  keyBatchDocument,
  keyBatchOf,
  keyBatches,
} from './key-batch-document.ts';
import type { StoredDocument } from './key-range.ts';
import { padRevised } from './padding-documents.ts';
import {
  type Revision,
  knownKeys,
  revisionOf,
  revisionsBefore,
  sourceOf,
} from './revision-of-document.ts';
import type { FindWindows } from './store-windows.ts';

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
  /**
   * Generated documents that may be taken back with those that were published here, in random order: with what was never revised
   * those that were not, and with what was revised before those that were, or the second revision would tell what is real.
   */
  readonly generated: readonly StoredDocument[];
  readonly revised: readonly StoredDocument[];
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
  /** Generated documents that are used up: those, and others that were revised meanwhile. */
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
  const ids = [...group.real, ...group.generated, ...group.revised].map(({ id }) => id);
  const [stored, claims, before] = await Promise.all([
    tx.get(keyBatches, ids),
    tx.get(padRevised, ids),
    revisionsBefore(tx, [...group.real, ...group.revised]),
  ]);
  const windows = await settings.windows(tx);
  const now = tx.floor(releaseSpan(windows));
  const at = { now, windows, settings };
  const claimed = new Set(ids.filter((_, n) => claims[n] !== undefined));
  const there = new Map(ids.map((id, n) => [id, stored[n]]));
  const revisionsOf = (of: readonly StoredDocument[]): readonly RevisionOf[] =>
    of.flatMap(({ id }) => {
      const primary = there.get(id);
      const revision = primary && revisionOf(primary, before, at);
      return revision === undefined ? [] : [{ id, revision }];
    });
  const real = revisionsOf(group.real);
  const free = group.generated.filter(({ id }) => !claimed.has(id));
  const generated = [
    ...companionsOf(real, revisionsOf(free), false),
    ...companionsOf(real, revisionsOf(group.revised), true),
  ];
  const all = shuffle([...real, ...generated], random);
  const asked = group.real.flatMap(({ id }) => knownKeys(there.get(id), at)).length;
  const keys = real.reduce((sum, { revision }) => sum + revision.keys.length, 0);
  const late = group.generated.filter(({ id }) => claimed.has(id));
  return {
    revisions: all,
    unclaimed: all.map(({ id }) => id).filter((id) => !claimed.has(id)),
    outcome: {
      ...{ documents: real.length, keys, before: asked - keys, generated: generated.length },
      used: new Set([...generated, ...late].map(({ id }) => id)),
    },
  };
}

/** So many generated documents as belong to the real ones that were revised before, or were not. Nobody else's are padded. */
function companionsOf(
  real: readonly RevisionOf[],
  candidates: readonly RevisionOf[],
  wasRevised: boolean,
): readonly RevisionOf[] {
  const alike = ({ revision }: RevisionOf): boolean => revision.wasRevised === wasRevised;
  const local = real.filter((one) => alike(one) && one.revision.primary.origin === 'local');
  return candidates.filter(alike).slice(0, GENERATED_FOR_EACH * local.length);
}

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
