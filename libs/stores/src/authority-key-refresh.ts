import type { DocumentStore, Transaction } from '@keyserver/docstore';
import {
  type HealthAuthority,
  type KeySetProblem,
  type LearnedKey,
  type Learning,
  type ServedKey,
  keyFingerprint,
  learnKeys,
} from '@keyserver/health-authority';
import { type Random, randomId } from '@keyserver/random';
import type { UnixMillis } from '@keyserver/time';
import type { FieldChange } from './audit.ts';
import { beginAudit } from './audit-chain.ts';
import {
  type KeySetDocument,
  authorityKeySets,
  findIn,
  isStray,
  newKeySet,
} from './authority-key-sets.ts';

/** An authority as it was when it was asked for its keys. */
export interface AskedAuthority {
  readonly authority: Pick<HealthAuthority, 'id' | 'issuer' | 'jwks'>;
  /** The revision of its key set at that time; 0 before it was first asked. */
  readonly revision: number;
}

/** What became of an answer. */
export type RefreshOutcome =
  | {
      readonly kind: 'refreshed';
      readonly added: number;
      readonly ended: number;
      readonly reinstated: number;
      /** Keys that have not ended now. */
      readonly live: number;
    }
  /** All is as it was before. */
  | { readonly kind: 'unchanged' }
  /** Somebody else has written meanwhile, or the authority is configured otherwise: an older answer must not undo that. */
  | { readonly kind: 'overtaken' };

/** Who is answerable for what is written, for the audit log. */
export interface RefreshActor {
  readonly actor: string;
  readonly random: Random;
}

/**
 * Learns from an authority's answer, in one transaction that writes down what it changed. Nothing is written when all is as it
 * was, but for the time of a good answer once in `noteEvery` ms.
 */
export async function recordServedKeys(
  store: DocumentStore,
  asked: AskedAuthority,
  options: RefreshActor & {
    readonly served: readonly ServedKey[];
    /** For how long answers must lack a key before it ends, ms. */
    readonly endAfter: number;
    readonly noteEvery: number;
  },
): Promise<RefreshOutcome> {
  return await written(store, asked, options.random, async (tx, { before, writer }) => {
    const { now } = tx;
    const learning = learnKeys(before.keys, options.served, { now, endAfter: options.endAfter });
    const changes = keyChanges(learning);
    if (!learning.differs && isFresh(before, now, options.noteEvery)) return { kind: 'unchanged' };
    const { problem: _, ...others } = before;
    const audit = changes.length === 0 ? undefined : await beginAudit(tx, writer);
    tx.set(authorityKeySets, String(asked.authority.id), {
      ...{ ...others, writer, revision: before.revision + 1 },
      ...{ answeredAt: now, failures: 0, notBefore: 0, keys: learning.keys },
    });
    if (audit === undefined) return { kind: 'unchanged' };
    audit.append({
      ...{ actor: options.actor, operation: 'authority.refresh-keys' },
      changes: [
        {
          action: 'change',
          section: 'authorities',
          id: String(asked.authority.id),
          fields: changes,
        },
      ],
    });
    return outcomeOf(learning);
  });
}

/** A time that has not come was told by a wrong clock. */
const isFresh = (
  { answeredAt, failures }: KeySetDocument,
  now: UnixMillis,
  noteEvery: number,
): boolean =>
  failures === 0 && answeredAt !== undefined && answeredAt <= now && now - answeredAt < noteEvery;

/** Writes down that an authority's keys could not be learned; what is known of them stays. */
export async function recordRefreshFailure(
  store: DocumentStore,
  asked: AskedAuthority,
  options: {
    readonly random: Random;
    readonly problem: KeySetProblem;
    /** How long it is left alone after so many failures in a row, ms. */
    readonly pause: (failures: number) => number;
  },
): Promise<{ readonly kind: 'failed'; readonly failures: number } | Overtaken> {
  const { problem, pause } = options;
  return await written(store, asked, options.random, async (tx, { before, writer }) => {
    const failures = before.failures + 1;
    tx.set(authorityKeySets, String(asked.authority.id), {
      ...{ ...before, writer, revision: before.revision + 1 },
      ...{ failures, problem, notBefore: tx.now + pause(failures) },
    });
    return await Promise.resolve({ kind: 'failed' as const, failures });
  });
}

type Overtaken = Extract<RefreshOutcome, { kind: 'overtaken' }>;

/** Lets a transaction write only if nobody has since the authority was asked, and knows its own write when it runs again. */
async function written<T>(
  store: DocumentStore,
  { authority, revision }: AskedAuthority,
  random: Random,
  write: (tx: Transaction, on: { before: KeySetDocument; writer: string }) => Promise<T>,
): Promise<T | Overtaken> {
  const writer = randomId(random);
  let decided: T | Overtaken = { kind: 'overtaken' };
  return await store.transact(async (tx) => {
    const found = await findIn(tx, authority.id);
    // An attempt whose outcome was never heard of has committed: what it decided holds.
    if (found?.stored?.writer === writer) return decided;
    decided = { kind: 'overtaken' };
    if (found === undefined) return decided;
    const { authority: present, stored } = found;
    const same = present.issuer === authority.issuer && present.jwks === authority.jwks;
    if (!same || (stored?.revision ?? 0) !== revision) return decided;
    decided = await write(tx, { before: newKeySet(present, stored, tx.now), writer });
    return decided;
  });
}

const outcomeOf = ({ keys, added, ended, reinstated }: Learning): RefreshOutcome => ({
  kind: 'refreshed',
  added: added.length,
  ended: ended.length,
  reinstated: reinstated.length,
  live: keys.filter(({ thru }) => thru === undefined).length,
});

const keyChanges = ({ added, ended, reinstated }: Learning): readonly FieldChange[] => [
  ...added.map((key) => keyChange(key, { before: undefined, after: 'in force' })),
  ...ended.map((key) => keyChange(key, { before: 'in force', after: 'ended' })),
  ...reinstated.map((key) => keyChange(key, { before: 'ended', after: 'in force' })),
];

const keyChange = (
  { version, publicKey }: LearnedKey,
  states: Pick<FieldChange, 'before' | 'after'>,
): FieldChange => ({
  field: `learnedKeys.${version}`,
  ...states,
  note: `sha256:${keyFingerprint(publicKey)}`,
});

/**
 * Forgets what was learned from an authority that is gone, has become another, or no longer says where it serves keys; whether
 * there was something to forget. What was revoked by hand is kept.
 */
export async function forgetKeySet(store: DocumentStore, id: string): Promise<boolean> {
  return await store.transact(async (tx) => {
    const found = await findIn(tx, Number(id));
    const [stored] = await tx.get(authorityKeySets, [id]);
    if (stored === undefined || !isStray(stored, found?.authority)) return false;
    const { issuer, revision, writer, revoked } = stored;
    if (revoked.length === 0) tx.delete(authorityKeySets, id);
    else
      tx.set(authorityKeySets, id, {
        ...{ issuer, writer, revoked, revision: revision + 1 },
        ...{ failures: 0, notBefore: 0, keys: [] },
      });
    return true;
  });
}
