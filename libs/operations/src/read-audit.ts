import type { DocumentStore } from '@keyserver/docstore';
import {
  type AuditEntry,
  type AuditOperation,
  auditChain,
  auditChangesOf,
  auditEntries,
  auditHashOf,
  auditIdOf,
  readAuditHead,
} from '@keyserver/stores';
import type { ConfigurationChange } from '@keyserver/stores';
import type { UnixMillis } from '@keyserver/time';

/** One step that an operator took. */
export interface AuditRecord {
  readonly at: number;
  readonly actor: string;
  readonly operation: AuditOperation;
  readonly changes: readonly ConfigurationChange[];
  /** Its place in the chain; undefined for what is from before the chain. */
  readonly link:
    | (Pick<AuditEntry, 'sequence' | 'previous' | 'before' | 'after'> & { readonly hash: string })
    | undefined;
}

/** Which steps are wanted. */
export interface AuditFilter {
  /** None from before this store time. */
  readonly since?: UnixMillis;
  readonly operation?: string;
  /** The newest so many. */
  readonly limit: number;
}

/** The newest steps that are wanted, the newest first. Nothing is verified. Holds no more than it gives. */
export async function readAudit(
  store: DocumentStore,
  filter: AuditFilter,
): Promise<readonly AuditRecord[]> {
  const found: AuditRecord[] = [];
  const head = await readAuditHead(store);
  const root = head?.rootSequence ?? 0;
  for (let last = head?.sequence ?? 0; last > root && found.length < filter.limit; last -= PAGE) {
    const ids = idsDown(last, Math.max(root, last - PAGE));
    const page = (await store.get(auditChain, ids)).filter((entry) => entry !== undefined);
    found.push(...page.map(recordOf).filter((one) => isWanted(one, filter)));
  }
  if (found.length < filter.limit) found.push(...(await earlier(store, filter)));
  return found.slice(0, filter.limit);
}

const PAGE = 20;

/** The ids of numbers from one down to another, without that. */
const idsDown = (from: number, to: number): readonly string[] =>
  Array.from({ length: from - to }, (_, n) => auditIdOf(from - n));

function recordOf(entry: AuditEntry): AuditRecord {
  const { at, actor, operation, sequence, previous, before, after } = entry;
  const hash = auditHashOf(entry);
  const link = { sequence, previous, before, after, hash };
  return { ...{ at, actor, operation }, changes: auditChangesOf(entry), link };
}

const isWanted = ({ at, operation }: AuditRecord, filter: AuditFilter): boolean =>
  at >= (filter.since ?? 0) && operation === (filter.operation ?? operation);

/** Those from before the chain lie in no order: the newest are picked while all are read. */
async function earlier(store: DocumentStore, filter: AuditFilter): Promise<readonly AuditRecord[]> {
  let newest: readonly AuditRecord[] = [];
  for await (const page of store.pages(auditEntries, {}, PAGE)) {
    const wanted = page
      .map(({ value }): AuditRecord => ({ ...value, link: undefined }))
      .filter((one) => isWanted(one, filter));
    newest = [...newest, ...wanted].sort((a, b) => b.at - a.at).slice(0, filter.limit);
  }
  return newest;
}
