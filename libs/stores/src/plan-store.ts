import type { DocumentStore, Transaction } from '@keyserver/docstore';
import type { ExportConfig } from '@keyserver/export-file';
import {
  type ExportVersion,
  type Plan,
  type PlanSpan,
  type Publisher,
  exportsInForce,
  midnightAfter,
  planStart,
} from '@keyserver/padding';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import {
  appOf,
  authorityOf,
  authorizedApps,
  exportConfigOf,
  exportConfigs,
  healthAuthorities,
} from './configuration.ts';
import { exportProgress } from './export-batch-document.ts';
import { exportVersions, padPlans, planId, versionId } from './padding-documents.ts';
import { partnerProgress } from './partner-unit-document.ts';
import { partnersOn, servesFresh } from './partner-versions.ts';

/** What plans are made with. */
export interface PlanSettings {
  readonly span: PlanSpan;
  /** How long a plan is kept, ms; longer than any document of its day. */
  readonly keepMs: number;
}

/** Gives the plan of the day that an instant lies in. The day has begun by store time. */
export type PlanOf = (t: UnixMillis) => Promise<Plan>;

/**
 * Reads plans. A plan never changes once its day has begun, but nothing is remembered: when store time is set back, plans of days
 * that have not begun are forgotten, and a batch by an old one would be padded for other readers than those it has. Where
 * none is stored, as for batches of earlier versions of this program, it is worked out and not kept.
 */
export function readPlans(store: DocumentStore, span: PlanSpan): PlanOf {
  return async (t) => {
    const settings = { span, keepMs: 0 };
    const { plan } = await store.transact(
      async (tx) => await planIn(tx, planStart(t, span), settings),
    );
    return plan;
  };
}

const MOST_REMEMBERED = 8;

/** Reads the plans that are kept, by the midnight that begins them, and remembers the latest; undefined while none is kept. */
export function storedPlans(
  store: DocumentStore,
  span: PlanSpan,
): (start: UnixMillis) => Promise<Plan | undefined> {
  const remembered = new Map<UnixMillis, Plan>();
  return async (start) => {
    const known = remembered.get(start);
    if (known !== undefined) return known;
    const [stored] = await store.get(padPlans, [planId(start)]);
    if (stored === undefined) return undefined;
    const { exports, publishers, partners = [] } = stored;
    const plan = { start, end: unixMillis(start + span), exports, publishers, partners };
    const [oldest] = remembered.keys();
    if (remembered.size >= MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    remembered.set(start, plan);
    return plan;
  };
}

/**
 * The plan of a day in a transaction that reads. `keep` stores it where it is new, and is called once everything is read.
 */
export async function planIn(
  tx: Transaction,
  start: UnixMillis,
  { span, keepMs }: PlanSettings,
): Promise<{ readonly plan: Plan; readonly keep: () => void }> {
  const end = unixMillis(start + span);
  const [stored] = await tx.get(padPlans, [planId(start)]);
  if (stored !== undefined) {
    const { exports, publishers, partners = [] } = stored;
    return { plan: { start, end, exports, publishers, partners }, keep: nothing };
  }
  if (start > tx.now) throw new Error('a day that has not begun has no plan yet');
  const exports = exportsInForce((await allVersions(tx)).flat(), start, span);
  const partners = (await partnersOn(tx, start, span)).filter(({ mode }) => mode === 'padded');
  const publishers = exports.some(({ padEmpty }) => padEmpty) ? await publishersIn(tx) : [];
  const keep = (): void => {
    const expireAt = tx.now + keepMs;
    tx.create(padPlans, planId(start), { exports, publishers, partners, expireAt });
  };
  return { plan: { start, end, exports, publishers, partners }, keep };
}

const nothing = (): void => undefined;

/** All versions of each export. */
async function allVersions(tx: Transaction): Promise<readonly (readonly ExportVersion[])[]> {
  const configs = await tx.find(exportConfigs, {});
  const versions = (await tx.find(exportVersions, {})).map(({ value }) => versionOf(value));
  return configs.map(({ id, value }) => versionsOf(exportConfigOf(id, value), of(versions, id)));
}

const of = (versions: readonly ExportVersion[], id: string): readonly ExportVersion[] =>
  versions.filter(({ config }) => config.id === id);

const versionOf = ({
  from,
  settings,
}: {
  readonly from: number;
  readonly settings: ExportConfig;
}): ExportVersion => ({ from: unixMillis(from), config: settings });

/** An export that never changed after the first plan has had one version all the time. */
const versionsOf = (
  config: ExportConfig,
  stored: readonly ExportVersion[],
): readonly ExportVersion[] => (stored.length === 0 ? [{ from: unixMillis(0), config }] : stored);

/** The versions of one export, given how it is configured now. */
export async function versionsIn(
  tx: Transaction,
  config: ExportConfig,
): Promise<readonly ExportVersion[]> {
  const stored = (await tx.find(exportVersions, {})).map(({ value }) => versionOf(value));
  return versionsOf(config, of(stored, config.id));
}

async function publishersIn(tx: Transaction): Promise<readonly Publisher[]> {
  const apps = (await tx.find(authorizedApps, {})).map(({ id, value }) => appOf(id, value));
  const authorities = (await tx.find(healthAuthorities, {})).map(({ id, value }) =>
    authorityOf(id, value),
  );
  return apps
    .filter(({ regions }) => regions.length > 0)
    .map(({ id: app, regions, authorities: ids, bypassCertificate }) => {
      const found = bypassCertificate ? undefined : authorities.find(({ id }) => ids.includes(id));
      return {
        ...{ app, regions },
        authority: found === undefined ? undefined : { id: found.id, name: found.name },
      };
    });
}

/**
 * Every export as it is in force today, or was last; those that begin later are left out. It is what decides which batches
 * should be there by now.
 */
export function listPlanned(
  store: DocumentStore,
  span: PlanSpan,
): () => Promise<readonly ExportConfig[]> {
  return async () =>
    await store.transact(async (tx) => {
      const exports = await allVersions(tx);
      const today = planStart(tx.now, span);
      return exports.flatMap((versions) => {
        const begun = versions.filter(({ from, config }) => from <= today && config.from <= tx.now);
        const newest = begun.toSorted((a, b) => b.from - a.from)[0];
        return newest === undefined ? [] : [newest.config];
      });
    });
}

/**
 * When a change of exports and partners takes effect: at the midnight that it names; undefined while no day has a plan, at once.
 * Plans are forgotten when their keys are, but how far an export or a partner has come never is. A fresh partner needs no plan,
 * and what it was given may not change all the same.
 */
export async function changesFrom(
  tx: Transaction,
  span: PlanSpan,
): Promise<UnixMillis | undefined> {
  const planned = await tx.find(padPlans, { limit: 1 });
  const cut = await tx.find(exportProgress, { limit: 1 });
  const given = await tx.find(partnerProgress, { limit: 1 });
  const hasBegun = planned.length + cut.length + given.length > 0 || (await servesFresh(tx));
  return hasBegun ? midnightAfter(tx.now, span) : undefined;
}

/**
 * The way to change an export from a midnight on: gives what is to be written after everything is read. Without a midnight
 * no day has a plan, and the configuration itself is all that counts.
 */
export async function versionChange(
  tx: Transaction,
  { id, from }: { readonly id: string; readonly from: UnixMillis | undefined },
): Promise<(config: ExportConfig) => void> {
  if (from === undefined) return nothing;
  const [before] = await tx.get(exportConfigs, [id]);
  const known = before === undefined ? [] : await versionsIn(tx, exportConfigOf(id, before));
  return (config) => {
    // The first change of an export keeps how it was until then.
    for (const version of known) if (version.from === 0) write(tx, version);
    write(tx, { from, config });
  };
}

const write = (tx: Transaction, version: ExportVersion): void => {
  tx.set(exportVersions, versionId(version), { from: version.from, settings: version.config });
};
