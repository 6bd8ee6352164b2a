import {
  type DocumentOf,
  type DocumentStore,
  type Transaction,
  collection,
  int,
  optional,
  text,
  texts,
} from '@keyserver/docstore';
import { type SelectionRules, takerOf } from '@keyserver/export-file';
import { parseAppId, parseRegion } from '@keyserver/health-authority';
import { type Random, randomId } from '@keyserver/random';
import { type Clock, SECOND, type UnixMillis, unixMillis } from '@keyserver/time';
import { appDocumentId } from './app-document-id.ts';
import type { ConfigurationChange } from './audit.ts';
import { type AuditInProgress, beginAudit } from './audit-chain.ts';
import { authorizedApps } from './configuration.ts';
import { federationQueries } from './federation-queries.ts';
import { partners } from './partners.ts';

/** What a pause is about: a region, an app, a query, which fetches the keys of a partner, or a partner that fetches ours. */
export type PauseKind = 'region' | 'app' | 'query' | 'partner';

/** Names what is paused: a region in upper case, or the id of an app, a query or a partner. */
export interface PauseTarget {
  readonly kind: PauseKind;
  readonly target: string;
}

/** One pause. */
export interface Pause extends PauseTarget {
  readonly id: string;
  /** The regions whose exports and partners wait; with `anyRegion` all of them do. A paused query or partner keeps none waiting. */
  readonly regions: readonly string[];
  readonly anyRegion: boolean;
  readonly since: UnixMillis;
  /** When it was first said that it will end by itself; undefined while it was not. */
  readonly alertedAt: UnixMillis | undefined;
}

const fields = {
  kind: text<PauseKind>(),
  target: text(),
  regions: texts(),
  since: int(),
  alertedAt: optional(int()),
};

/** What is paused now. There are no more of them than regions, apps, queries and partners. */
export const pauses = collection({ name: 'pauses', fields });

const pauseOf = (id: string, stored: DocumentOf<typeof fields>): Pause => ({
  id,
  ...{ kind: stored.kind, target: stored.target, regions: stored.regions },
  // An app without regions of its own may publish for any.
  anyRegion: stored.kind === 'app' && stored.regions.length === 0,
  since: unixMillis(stored.since),
  alertedAt: stored.alertedAt === undefined ? undefined : unixMillis(stored.alertedAt),
});

const pauseId = ({ kind, target }: PauseTarget): string => `${kind}-${appDocumentId(target)}`;

/** Everything that is paused, in the order of kinds and names. */
export async function readPauses(store: Pick<DocumentStore, 'pages'>): Promise<readonly Pause[]> {
  const found: Pause[] = [];
  for await (const page of store.pages(pauses, {}))
    found.push(...page.map(({ id, value }) => pauseOf(id, value)));
  return found;
}

/** The same in a transaction: no pause can begin before it commits. */
export const pausesIn = async (tx: Transaction): Promise<readonly Pause[]> =>
  (await tx.find(pauses, {})).map(({ id, value }) => pauseOf(id, value));

/** Whether a query is paused, in a transaction. */
export async function isQueryPaused(
  from: Pick<DocumentStore | Transaction, 'get'>,
  query: string,
): Promise<boolean> {
  const [stored] = await from.get(pauses, [pauseId({ kind: 'query', target: query })]);
  return stored !== undefined;
}

/** Whether pauses keep an upload from being taken: that of its app, or of one of its regions (upper case). */
export const pausesUpload = (
  all: readonly Pause[],
  { app, regions }: { readonly app: string; readonly regions: readonly string[] },
): boolean =>
  all.some(
    ({ kind, target }) =>
      (kind === 'app' && target === app) || (kind === 'region' && regions.includes(target)),
  );

/**
 * Whether pauses keep whoever reads keys waiting, an export or a partner: as a whole, when it takes any key that a pause is about. A
 * key of several regions is taken only by those that take it for one of them alone.
 */
export function pausesReader(all: readonly Pause[], rules: SelectionRules): boolean {
  const takes = takerOf(rules);
  return all.some(
    ({ kind, regions, anyRegion }) =>
      (kind === 'region' || kind === 'app') &&
      (anyRegion ||
        regions.some((region) =>
          [false, true].some((traveler) => takes({ regions: [region], traveler })),
        )),
  );
}

/** Whether a partner is given nothing. Its units are made ready all the same, since others may wait for the same cells. */
export const pausesPartner = (all: readonly Pause[], id: string): boolean =>
  all.some(({ kind, target }) => kind === 'partner' && target === id);

const REMEMBERED = 10 * SECOND;

/** Reads what is paused; what it says is ten seconds old at most. A fault is not remembered. */
export function rememberedPauses(
  store: Pick<DocumentStore, 'pages'>,
  clock: Clock,
): () => Promise<readonly Pause[]> {
  let known: { readonly at: UnixMillis; readonly all: readonly Pause[] } | undefined;
  return async () => {
    const now = clock.now();
    const age = now - (known?.at ?? 0); // negative when the clock was set back
    if (known !== undefined && age >= 0 && age < REMEMBERED) return known.all;
    known = { at: now, all: await readPauses(store) };
    return known.all;
  };
}

/** Who pauses or resumes, for the audit log. */
export interface By {
  readonly actor: string;
  readonly random: Random;
}

/** What became of a pause that was asked for. */
export type PauseOutcome =
  | { readonly kind: 'paused' | 'paused already'; readonly pause: Pause }
  /** Nothing of that name is configured: nothing was paused. */
  | { readonly kind: 'unknown' };

/** Pauses a region, an app, a query or a partner in one audited step. No stored key is touched. */
export async function beginPause(
  store: DocumentStore,
  wanted: PauseTarget,
  { actor, random }: By,
): Promise<PauseOutcome> {
  const step = randomId(random);
  return await store.transact(async (tx) => {
    const id = pauseId(wanted);
    const [known] = await tx.get(pauses, [id]);
    const audit = await beginAudit(tx, step);
    if (known !== undefined) {
      // An earlier attempt of this very transaction, of which nobody heard, may have begun it.
      const kind = audit.earlier === undefined ? 'paused already' : 'paused';
      return { kind, pause: pauseOf(id, known) };
    }
    const regions = await regionsOf(tx, wanted);
    if (regions === undefined) return { kind: 'unknown' };
    const { kind, target } = wanted;
    const begun = { kind, target, regions, since: tx.now };
    tx.set(pauses, id, begun);
    audit.append({ actor, operation: 'pause.begin', changes: [changeOf('add', wanted)] });
    return { kind: 'paused', pause: pauseOf(id, begun) };
  });
}

/** The regions whose readers wait; undefined where nothing of that name can be paused. */
async function regionsOf(
  tx: Transaction,
  { kind, target }: PauseTarget,
): Promise<readonly string[] | undefined> {
  switch (kind) {
    case 'region':
      return parseRegion(target) === undefined || target !== target.toUpperCase()
        ? undefined
        : [target];
    case 'app': {
      if (parseAppId(target) !== target) return undefined;
      const [app] = await tx.get(authorizedApps, [appDocumentId(target)]);
      return app?.regions.map((region) => region.toUpperCase());
    }
    case 'query': {
      const [query] = await tx.get(federationQueries, [target]);
      return noneOf(query);
    }
    case 'partner': {
      const [partner] = await tx.get(partners, [target]);
      return noneOf(partner);
    }
  }
}

/** A query or a partner keeps the readers of no region waiting. */
const noneOf = (configured: object | undefined): readonly string[] | undefined =>
  configured === undefined ? undefined : [];

/** Ends a pause in one audited step; whether there was one. What waited is worked on again by the next run of each job. */
export async function endPause(
  store: DocumentStore,
  wanted: PauseTarget,
  { actor, random }: By,
): Promise<boolean> {
  const step = randomId(random);
  return await store.transact(async (tx) => {
    const id = pauseId(wanted);
    const [known] = await tx.get(pauses, [id]);
    const audit = await beginAudit(tx, step);
    if (known === undefined) return audit.earlier !== undefined;
    removeIn(tx, { id, audit, actor }, wanted);
    return true;
  });
}

/** Ends a pause in a transaction that has read it. */
export function removeIn(
  tx: Transaction,
  {
    id,
    audit,
    actor,
  }: { readonly id: string; readonly audit: AuditInProgress | undefined; readonly actor: string },
  target: PauseTarget,
): void {
  tx.delete(pauses, id);
  audit?.append({ actor, operation: 'pause.end', changes: [changeOf('remove', target)] });
}

const changeOf = (
  action: 'add' | 'remove',
  { kind, target }: PauseTarget,
): ConfigurationChange => ({ action, section: 'pauses', id: `${kind} ${target}`, fields: [] });
