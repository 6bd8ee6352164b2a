import type { Collection, DocumentStore } from '@keyserver/docstore';
import { allCollections } from '@keyserver/stores';
import { DAY, HOUR } from '@keyserver/time';
import type { Problem } from './invariants.ts';

/** What a store holds of one collection. */
export interface Contents {
  readonly name: string;
  readonly documents: number;
  /** When each document expires, where the collection says so. */
  readonly expiries: readonly number[];
  /** For counts of uploads: the hours that they are of. */
  readonly hours: readonly number[];
}

/** Counts the documents of every collection. */
export async function contentsOf(store: DocumentStore): Promise<readonly Contents[]> {
  const all: Contents[] = [];
  for (const collection of allCollections) all.push(await contentsOfOne(store, collection));
  return all;
}

async function contentsOfOne(
  store: DocumentStore,
  { layout, codec }: Collection<object>,
): Promise<Contents> {
  const found: object[] = [];
  for await (const page of store.pages({ layout, codec }, {}))
    found.push(...page.map(({ value }) => value));
  const numbersIn = (field: string): readonly number[] =>
    found.map((value) => Number(codec.read(value, field)));
  const { expiry, name } = layout;
  return {
    ...{ name, documents: found.length },
    expiries: expiry === undefined ? [] : numbersIn(expiry),
    hours: name === 'totalDeltas' ? numbersIn('hour') : [],
  };
}

/** Bookkeeping of an export or of padding: retention, and sixty days in which somebody may still ask. */
const BOOKS = 74 * DAY;

/** For how long the collections whose documents expire keep them at most, as docs/data-model.md says. */
const KEPT: Readonly<Record<string, number>> = {
  keyBatches: 17 * DAY,
  totalDeltas: 30 * DAY,
  totals: 15 * DAY,
  ...{ exportBatches: BOOKS, partnerUnits: BOOKS },
  ...{ padPlans: BOOKS, padBegun: BOOKS, padCells: BOOKS, padRevised: BOOKS },
  padShapes: 29 * DAY,
  federationSyncs: 14 * DAY,
  dailyKeys: 3 * DAY,
  healthProbes: HOUR,
  strayObjects: BOOKS,
};

/** Those that no job deletes: the engine does, in its own time, which these tests do not wait for. */
const LEFT_TO_THE_ENGINE: ReadonlySet<string> = new Set([
  ...['padRevised', 'dailyKeys', 'healthProbes', 'strayObjects'],
]);

/** How many documents the other collections may hold at a server with one export, two partners and two applications. */
const STANDING: Readonly<Record<string, number>> = {
  ...{ storeFormat: 1, storeParts: 5, dataImports: 0, timeResets: 1, cleanupProgress: 1 },
  ...{ exportConfigs: 1, exportProgress: 1, exportIndexes: 1, signingKeys: 2, usedSigningKeys: 2 },
  ...{ authorizedApps: 2, healthAuthorities: 1, authorityKeySets: 1, totalsProgress: 1 },
  ...{ federationQueries: 2, federationPositions: 2, federationSecrets: 1 },
  ...{ partners: 2, partnerProgress: 2, answerTimes: 1, auditHeads: 1, tokenKeyAges: 1 },
  // One for each job of cleanup and trust; no server is asked to close.
  ...{ jobRuns: 5, lifecycles: 0 },
  ...{ auditCheckpoints: 0, auditEntries: 0, pauses: 0, cleanupFindings: 0 },
  // One for each step of an operator, and for each change that waited for a midnight.
  ...{ auditChain: 100, exportVersions: 60, partnerVersions: 60 },
  // One for each three days, and one for each name of a lease.
  ...{ revisionKeys: 60, leases: 40 },
};

/** A job deletes within hours of an expiry. */
const UNTIL_DELETED = 12 * HOUR;
const UNTIL_FOLDED = 4 * HOUR;

/** Documents that should be gone, or that nobody will ever delete. */
export const judgeContents = (contents: readonly Contents[], now: number): readonly Problem[] =>
  contents.flatMap((one): readonly Problem[] => {
    const { name, documents, expiries, hours } = one;
    const [longest, most] = [KEPT[name], STANDING[name]];
    if (longest === undefined)
      return most !== undefined && documents <= most
        ? []
        : [`I10: ${name} has ${documents} documents, and may have ${most ?? 'none'}`];
    const stale = LEFT_TO_THE_ENGINE.has(name)
      ? []
      : expiries.filter((at) => at + UNTIL_DELETED < now);
    const endless = expiries.filter((at) => !(at <= now + longest));
    const uncounted = hours.filter((hour) => hour + HOUR + UNTIL_FOLDED < now);
    return [
      ...(stale.length > 0
        ? [`I10: ${stale.length} documents of ${name} are expired` as const]
        : []),
      ...(endless.length > 0
        ? [`I10: ${endless.length} documents of ${name} are kept for too long` as const]
        : []),
      ...(uncounted.length > 0
        ? [`I10: ${uncounted.length} uploads are not counted yet` as const]
        : []),
    ];
  });
