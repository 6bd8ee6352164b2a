import { type Random, randomId, shuffle } from '@keyserver/random';
import {
  GENERATED_FOR_EACH,
  GROUP_DOCUMENTS,
  type RevokeSettings,
  type StoredDocument,
  auditKeys,
  deleteDocuments,
  revokeDocuments,
} from '@keyserver/stores';
import type { UnixMillis } from '@keyserver/time';
import {
  type CellDocuments,
  type KeyRange,
  type RangePlace,
  cellsOf,
  surveyKeys,
} from './key-range.ts';

/** Who recalls or deletes, for the audit log, and how far it has come, day by day. */
export interface Recaller {
  readonly actor: string;
  readonly random: Random;
  readonly onProgress: (progress: { readonly day: UnixMillis; readonly documents: number }) => void;
}

/** What a recall did. */
export interface Recalled {
  readonly documents: number;
  readonly keys: number;
  /** Keys that were taken back before. */
  readonly before: number;
  /** Generated documents that were taken back with them. */
  readonly generated: number;
}

/**
 * Takes back all keys of a range that are in files or may be soon: each gets a revision that says REVOKED, whatever it was before.
 * What was taken back is passed over, so whoever is stopped goes on by running it again.
 */
export async function revokeKeys(
  place: RangePlace,
  range: KeyRange,
  { settings, by }: { readonly settings: RevokeSettings; readonly by: Recaller },
): Promise<Recalled> {
  await audit(place, range, { operation: 'keys.revoke', stage: 'settled', by });
  const revoke = revokeDocuments(place.store, settings, by.random);
  let done: Recalled = { documents: 0, keys: 0, before: 0, generated: 0 };
  for await (const { day, cells } of cellsOf(place, range)) {
    for (const cell of cells.filter(({ stage }) => stage === 'settled'))
      done = sum(done, await revokeCell(revoke, cell, by.random));
    by.onProgress({ day, documents: done.documents });
  }
  return done;
}

/** More than can be used, since some may be revised between listing and use. */
const MOST_OFFERED = (GENERATED_FOR_EACH + 1) * GROUP_DOCUMENTS;

/** Real documents come in groups, each with its share of the generated ones, in random order. */
async function revokeCell(
  revoke: ReturnType<typeof revokeDocuments>,
  { real, generated, revised }: CellDocuments,
  random: Random,
): Promise<Recalled> {
  let done: Recalled = { documents: 0, keys: 0, before: 0, generated: 0 };
  let [fresh, again] = [shuffle(generated, random), shuffle(revised, random)];
  for (const group of groupsOf(shuffle(real, random))) {
    const { used, ...counts } = await revoke({
      real: group,
      generated: fresh.slice(0, MOST_OFFERED),
      revised: again.slice(0, MOST_OFFERED),
    });
    fresh = fresh.filter(({ id }) => !used.has(id));
    again = again.filter(({ id }) => !used.has(id));
    done = sum(done, counts);
  }
  return done;
}

const sum = (a: Recalled, b: Recalled): Recalled => ({
  documents: a.documents + b.documents,
  keys: a.keys + b.keys,
  before: a.before + b.before,
  generated: a.generated + b.generated,
});

/** What a deletion did; `kept` documents were begun to be counted since they were listed. */
export interface Deleted {
  readonly documents: number;
  readonly keys: number;
  readonly revisions: number;
  readonly kept: number;
}

/**
 * Deletes all documents of a range that nobody has begun to count, each with the revisions of its keys. Whoever is stopped goes on
 * by running it again.
 */
export async function deleteKeys(
  place: RangePlace,
  range: KeyRange,
  by: Recaller,
): Promise<Deleted> {
  await audit(place, range, { operation: 'keys.delete', stage: 'untouched', by });
  let done: Deleted = { documents: 0, keys: 0, revisions: 0, kept: 0 };
  for await (const { day, cells } of cellsOf(place, range)) {
    const untouched = cells.filter(({ stage }) => stage === 'untouched');
    for (const group of groupsOf(untouched.flatMap(({ real }) => real))) {
      const { span } = place;
      const deleted = await deleteDocuments(place.store, group, { span, random: by.random });
      done = {
        documents: done.documents + deleted.documents,
        keys: done.keys + deleted.keys,
        revisions: done.revisions + deleted.revisions,
        kept: done.kept + deleted.kept,
      };
    }
    by.onProgress({ day, documents: done.documents });
  }
  return done;
}

function* groupsOf(documents: readonly StoredDocument[]): Generator<readonly StoredDocument[]> {
  for (let at = 0; at < documents.length; at += GROUP_DOCUMENTS)
    yield documents.slice(at, at + GROUP_DOCUMENTS);
}

/** Written down before anything is done, with what was found then: nothing is taken back without a trace. */
async function audit(
  place: RangePlace,
  range: KeyRange,
  entry: {
    readonly operation: 'keys.revoke' | 'keys.delete';
    readonly stage: 'settled' | 'untouched';
    readonly by: Recaller;
  },
): Promise<void> {
  const { operation, stage, by } = entry;
  const { documents, keys } = (await surveyKeys(place, range))[stage];
  await auditKeys(place.store, {
    ...{ step: randomId(by.random), actor: by.actor, operation },
    about: {
      ...{ from: new Date(range.from).toISOString(), until: new Date(range.until).toISOString() },
      ...{ app: range.app, region: range.region, query: range.query },
      ...{ documents: String(documents), keys: String(keys) },
    },
  });
}
