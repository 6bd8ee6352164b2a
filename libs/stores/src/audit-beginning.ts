import { createHash } from 'node:crypto';
import type { Transaction } from '@keyserver/docstore';
import { type ConfigurationChange, auditEntries } from './audit.ts';
import { type AuditDigests, changesText, sha256 } from './audit-entry.ts';
import { authorizedApps, exportConfigs, healthAuthorities, signingKeys } from './configuration.ts';

/** What the store notes among its parts once it has a chain, so that a chain that vanished is not taken for none. */
export const AUDIT_MARK = 'audit';

/** The entries from before there was a chain: how many, and SHA-256 over all of them. */
export interface EarlierEntries {
  readonly count: number;
  readonly digest: string;
}

const PAGE = 50;

/** Reads the entries from before the chain, a few at a time, in the order of their ids. */
export async function earlierEntries(from: Pick<Transaction, 'find'>): Promise<EarlierEntries> {
  const hash = createHash('sha256');
  let count = 0;
  let after: { id: string } | undefined;
  for (;;) {
    const page = await from.find(auditEntries, { limit: PAGE, ...(after && { after }) });
    for (const { id, value } of page) {
      const { at, actor, operation, changes } = value;
      hash.update(`${JSON.stringify([id, at, actor, operation, changesText(changes)])}\n`);
    }
    count += page.length;
    after = page.at(-1);
    if (page.length < PAGE) return { count, digest: hash.digest('hex') };
  }
}

/** What the first entry of a chain says of what was before it. */
export interface Beginning {
  readonly changes: readonly ConfigurationChange[];
  readonly digests: AuditDigests;
}

/** What is there before a chain: entries of earlier versions, and perhaps a configuration of which no entry tells. */
export async function beginningOf(tx: Transaction, reason?: string): Promise<Beginning> {
  const { count, digest } = await earlierEntries(tx);
  const isUntold = count === 0 && (await isConfigured(tx));
  const said: readonly (readonly [string, string])[] = [
    ['earlierEntries', String(count)],
    ['earlierDigest', digest],
    ...(isUntold ? [['configuration', 'is stored, and no entry tells of it'] as const] : []),
    ...(reason === undefined ? [] : [['reason', reason] as const]),
  ];
  const fields = said.map(([field, after]) => ({
    ...{ field, after },
    ...{ before: undefined, note: undefined },
  }));
  return {
    changes: [{ action: 'add', section: 'audit', id: 'chain', fields }],
    digests: { before: digest, after: sha256('') },
  };
}

/** The number and digest that a first entry names; undefined when it names none. */
export function earlierNamedBy(
  changes: readonly ConfigurationChange[],
): EarlierEntries | undefined {
  const valueOf = (name: string) =>
    changes[0]?.fields.find(({ field }) => field === name)?.after ?? '';
  const [count, digest] = [valueOf('earlierEntries'), valueOf('earlierDigest')];
  return count === '' || digest === '' ? undefined : { count: Number(count), digest };
}

async function isConfigured(tx: Transaction): Promise<boolean> {
  for (const part of [authorizedApps, exportConfigs, healthAuthorities, signingKeys])
    if ((await tx.find<object>(part, { limit: 1 })).length > 0) return true;
  return false;
}
