import type { Transaction } from '@keyserver/docstore';
import type { Partner } from '@keyserver/federation';
import { type PartnerVersion, type PlanSpan, partnersInForce } from '@keyserver/padding';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { partnerVersions, versionId } from './padding-documents.ts';
import { partnerOf, partners } from './partners.ts';

/** What a partner is changed to, or that it is removed. */
type Change = (after: Partner | undefined) => void;

/**
 * The partners that are in force on a day, as they were configured for it, by id. Their grant of that day never changes: a wider
 * one begins with a later day, and of a narrower one the grant in force takes account.
 */
export async function partnersOn(
  tx: Transaction,
  start: UnixMillis,
  span: PlanSpan,
): Promise<readonly Partner[]> {
  const versions = (await tx.find(partnerVersions, {})).map(({ value }) => versionOf(value));
  const known = new Set(versions.map(({ config }) => config.id));
  const unchanged = (await tx.find(partners, {}))
    .filter(({ id }) => !known.has(id))
    .map(({ id, value }) => sinceEver(partnerOf(id, value)));
  return partnersInForce([...versions, ...unchanged], start, span);
}

/** All versions of one partner, given how it is configured now; none of a partner that nobody knows. */
export async function versionsOfPartner(
  tx: Transaction,
  id: string,
): Promise<readonly PartnerVersion[]> {
  const query = { where: { partner: id }, order: { by: 'from' } } as const;
  const versions = (await tx.find(partnerVersions, query)).map(({ value }) => versionOf(value));
  if (versions.length > 0) return versions;
  const [stored] = await tx.get(partners, [id]);
  return stored === undefined ? [] : [sinceEver(partnerOf(id, stored))];
}

const versionOf = ({ from, settings }: { from: number; settings: Partner }): PartnerVersion => ({
  from: unixMillis(from),
  config: settings,
});

/** A partner that never changed after the first plan has had one version all the time. */
const sinceEver = (config: Partner): PartnerVersion => ({ from: unixMillis(0), config });

/** Whether some partner is, or may have been, served without a plan. */
export const servesFresh = async (tx: Transaction): Promise<boolean> =>
  (await tx.find(partners, {})).some(
    ({ value }) => value.mode === 'fresh' && value.from <= tx.now,
  ) || (await tx.find(partnerVersions, { limit: 1 })).length > 0;

/**
 * The way to change or remove a partner from a midnight on: gives what is to be written after everything is read. Without a
 * midnight no day has a plan, and the configuration itself is all that counts.
 */
export async function partnerVersionChange(
  tx: Transaction,
  { id, from }: { readonly id: string; readonly from: UnixMillis | undefined },
): Promise<Change> {
  if (from === undefined) return () => undefined;
  const known = await versionsOfPartner(tx, id);
  return (after) => {
    // The first change of a partner keeps how it was until then.
    for (const version of known) if (version.from === 0) write(tx, version);
    const before = known.at(-1)?.config;
    const config = after ?? (before && { ...before, thru: from });
    if (config !== undefined) write(tx, { from, config });
  };
}

const write = (tx: Transaction, version: PartnerVersion): void => {
  const { from, config } = version;
  tx.set(partnerVersions, versionId(version), { partner: config.id, from, settings: config });
};
