import type { DocumentStore } from '@keyserver/docstore';
import { type RevokedKey, keyFingerprint } from '@keyserver/health-authority';
import { randomId } from '@keyserver/random';
import type { UnixMillis } from '@keyserver/time';
import { beginAudit } from './audit-chain.ts';
import type { RefreshActor } from './authority-key-refresh.ts';
import { type KeySetDocument, authorityKeySets, findIn } from './authority-key-sets.ts';

/** What became of an order of an operator about a learned key. */
type KeyOrderOutcome =
  | { readonly kind: 'done' }
  /** It was so already. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'no authority' }
  /** No key with this fingerprint was learned from the authority. */
  | { readonly kind: 'no key' }
  /** The configuration names it, and decides. */
  | { readonly kind: 'configured' }
  | { readonly kind: 'too many' };

interface KeyOrder {
  readonly authority: number;
  /** By `keyFingerprint`. */
  readonly fingerprint: string;
}

/** Revoked keys that are remembered of an authority. They are kept for good, or one could come back. */
const MAX_REVOKED = 400;

/** Takes a learned key back, in one audited step: whatever its authority serves from now on, it does not count again. */
export async function revokeAuthorityKey(
  store: DocumentStore,
  order: KeyOrder,
  by: RefreshActor,
): Promise<KeyOrderOutcome> {
  return await ordered(store, order, {
    ...by,
    operation: 'authority.revoke-key',
    change: ({ revoked, keys }, now) => {
      const { fingerprint } = order;
      if (isRevoked(revoked, fingerprint)) return 'unchanged';
      if (!keys.some(({ publicKey }) => keyFingerprint(publicKey) === fingerprint)) return 'no key';
      return revoked.length >= MAX_REVOKED ? 'too many' : [...revoked, { fingerprint, at: now }];
    },
  });
}

/** Lets a revoked key count again while its authority serves it, in one audited step. */
export async function allowAuthorityKey(
  store: DocumentStore,
  order: KeyOrder,
  by: RefreshActor,
): Promise<KeyOrderOutcome> {
  return await ordered(store, order, {
    ...by,
    operation: 'authority.allow-key',
    change: ({ revoked }) =>
      isRevoked(revoked, order.fingerprint)
        ? revoked.filter(({ fingerprint }) => fingerprint !== order.fingerprint)
        : 'unchanged',
  });
}

const isRevoked = (revoked: readonly RevokedKey[], fingerprint: string): boolean =>
  revoked.some((one) => one.fingerprint === fingerprint);

type Refusal = Exclude<KeyOrderOutcome['kind'], 'done'>;

async function ordered(
  store: DocumentStore,
  { authority: id, fingerprint }: KeyOrder,
  options: RefreshActor & {
    readonly operation: 'authority.revoke-key' | 'authority.allow-key';
    readonly change: (stored: KeySetDocument, now: UnixMillis) => readonly RevokedKey[] | Refusal;
  },
): Promise<KeyOrderOutcome> {
  const { actor, random, operation, change } = options;
  const writer = randomId(random);
  return await store.transact(async (tx) => {
    const found = await findIn(tx, id);
    // An earlier attempt whose answer was lost has committed.
    if (found?.stored?.writer === writer) return { kind: 'done' };
    if (found === undefined) return { kind: 'no authority' };
    const { authority, stored } = found;
    if (authority.keys.some(({ publicKey }) => keyFingerprint(publicKey) === fingerprint))
      return { kind: 'configured' };
    if (stored?.issuer !== authority.issuer) return { kind: 'no key' };
    const revoked = change(stored, tx.now);
    if (typeof revoked === 'string') return { kind: revoked };
    const audit = await beginAudit(tx, writer);
    tx.set(authorityKeySets, String(id), {
      ...stored,
      ...{ writer, revoked, revision: stored.revision + 1 },
    });
    const [before, after] =
      operation === 'authority.revoke-key' ? ['allowed', 'revoked'] : ['revoked', 'allowed'];
    const field = { field: `learnedKeys.sha256:${fingerprint}`, before, after, note: undefined };
    audit.append({
      ...{ actor, operation },
      changes: [{ action: 'change', section: 'authorities', id: String(id), fields: [field] }],
    });
    return { kind: 'done' };
  });
}
