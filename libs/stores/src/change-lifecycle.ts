import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { randomId } from '@keyserver/random';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import type { ConfigurationChange } from './audit.ts';
import { beginAudit } from './audit-chain.ts';
import type { AuditOperation } from './audit-entry.ts';
import {
  CLOSING_NOTICE,
  LIFECYCLE_ID,
  LIFECYCLE_MARK,
  type Lifecycle,
  type LifecycleGoal,
  type LifecycleState,
  LifecycleFault,
  lifecycles,
  readLifecycle,
  stateOf,
} from './lifecycle.ts';
import type { By } from './pauses.ts';
import { storeParts } from './store-parts.ts';

/** What became of a step: the life after it, or the state that it cannot be done in. */
export type LifecycleOutcome =
  | { readonly kind: 'changed'; readonly life: Lifecycle }
  | { readonly kind: 'refused'; readonly state: LifecycleState };

/** A step from some states: what the document becomes, undefined where it cannot be done. */
interface Step {
  readonly operation: AuditOperation;
  readonly next: (life: Lifecycle | undefined, now: UnixMillis) => Lifecycle | undefined;
}

async function take(
  store: DocumentStore,
  by: By,
  { operation, next }: Step,
): Promise<LifecycleOutcome> {
  const id = randomId(by.random);
  return await store.transact(async (tx) => {
    const life = await readLifecycle(tx);
    const [mark] = await tx.get(storeParts, [LIFECYCLE_MARK]);
    const audit = await beginAudit(tx, id);
    // An earlier attempt of this very step, of which nobody heard, has done it.
    if (audit.earlier !== undefined && life !== undefined) return { kind: 'changed', life };
    const after = next(life, tx.now);
    if (after === undefined) return { kind: 'refused', state: stateOf(life) };
    tx.set(lifecycles, LIFECYCLE_ID, after);
    if (mark === undefined) tx.set(storeParts, LIFECYCLE_MARK, { since: tx.now });
    audit.append({ actor: by.actor, operation, changes: [changeOf(life, after)] });
    return { kind: 'changed', life: after };
  });
}

const changeOf = (before: Lifecycle | undefined, after: Lifecycle): ConfigurationChange => ({
  ...{ action: 'change', section: 'lifecycle', id: 'server' },
  fields: [
    { field: 'state', before: stateOf(before), after: after.state, note: undefined },
    { field: 'goal', before: before?.goal, after: after.goal, note: undefined },
  ],
});

/** A server that is open again: what was known of its close is forgotten. */
const opened = (
  life: Pick<Lifecycle, 'goal' | 'closesAt' | 'keepFilesMs'>,
  now: UnixMillis,
): Lifecycle => {
  const { goal, closesAt, keepFilesMs } = life;
  return { state: 'open', goal, since: now, closesAt, keepFilesMs };
};

/** Begins to close an open server: uploads are refused from two minutes later on, and files stay for `keepFilesMs` after the last. */
export const beginClosing = async (
  store: DocumentStore,
  { goal, keepFilesMs }: { readonly goal: LifecycleGoal; readonly keepFilesMs: number },
  by: By,
): Promise<LifecycleOutcome> =>
  await take(store, by, {
    operation: 'lifecycle.close',
    next: (life, now) =>
      stateOf(life) !== 'open'
        ? undefined
        : { state: 'closing', goal, since: now, keepFilesMs, closesAt: now + CLOSING_NOTICE },
  });

/** Opens a server again that is closing: nothing was deleted, and everything goes on. */
export const abortClosing = async (store: DocumentStore, by: By): Promise<LifecycleOutcome> =>
  await take(store, by, {
    operation: 'lifecycle.abort',
    next: (life, now) => (life?.state === 'closing' ? opened(life, now) : undefined),
  });

/** Opens a hibernating server. What it made before is gone, so its exports begin where data may begin. */
export const wakeServer = async (store: DocumentStore, by: By): Promise<LifecycleOutcome> =>
  await take(store, by, {
    operation: 'lifecycle.wake',
    next: (life, now) => (life?.state === 'hibernating' ? opened(life, now) : undefined),
  });

/** When a server that is closing may be emptied: once its files have lain there for long enough after nothing waited any more. */
export const emptyFrom = ({
  drainedAt,
  keepFilesMs,
}: Pick<Lifecycle, 'drainedAt' | 'keepFilesMs'>): UnixMillis | undefined =>
  drainedAt === undefined ? undefined : unixMillis(drainedAt + keepFilesMs);

/**
 * Begins to empty a server whose files have lain there for long enough. `certain` is the time before which things have certainly
 * happened: a clock that has just jumped empties nothing.
 */
export const beginEmptying = async (
  store: DocumentStore,
  {
    certain,
    ...known
  }: { readonly certain: UnixMillis; readonly census: string; readonly signingKey: string },
  by: By,
): Promise<LifecycleOutcome> =>
  await take(store, by, {
    operation: 'lifecycle.empty',
    next: (life, now) => {
      const from = life?.state === 'closing' ? emptyFrom(life) : undefined;
      if (life === undefined || from === undefined || from > certain) return undefined;
      return { ...life, ...known, state: 'emptying', since: now };
    },
  });

/** Ends the emptying: the report is kept, and the server is what it was to come to. */
export const endEmptying = async (
  store: DocumentStore,
  report: string,
  by: By,
): Promise<LifecycleOutcome> =>
  await take(store, by, {
    operation: 'lifecycle.end',
    next: (life, now) =>
      life?.state === 'emptying'
        ? {
            ...life,
            report,
            since: now,
            state: life.goal === 'hibernate' ? 'hibernating' : 'ended',
          }
        : undefined,
  });

/** Notes that nothing waits any more, or that something does again; gives what it was before and is now. No step of an operator. */
export async function noteDrained(
  store: DocumentStore,
  isDrained: boolean,
): Promise<{ readonly before: UnixMillis | undefined; readonly after: UnixMillis | undefined }> {
  return await store.transact(async (tx) => {
    const life = await readLifecycle(tx);
    if (life?.state !== 'closing') return { before: undefined, after: undefined };
    const before = life.drainedAt === undefined ? undefined : unixMillis(life.drainedAt);
    // A time that has not come was written by a clock that was ahead.
    const known = before !== undefined && before <= tx.now ? before : tx.now;
    const after = isDrained ? known : undefined;
    if (after === before) return { before, after };
    const { drainedAt: _, ...rest } = life;
    tx.set(lifecycles, LIFECYCLE_ID, after === undefined ? rest : { ...rest, drainedAt: after });
    return { before, after };
  });
}

/** Notes whether every index is empty; gives since when they are, undefined when one was not. */
export async function noteUnlisted(
  store: DocumentStore,
  wereEmpty: boolean,
): Promise<UnixMillis | undefined> {
  return await store.transact(async (tx) => {
    const life = await readLifecycle(tx);
    if (life?.state !== 'emptying') return undefined;
    const { unlistedAt } = life;
    const isKnown = wereEmpty && unlistedAt !== undefined && unlistedAt <= tx.now;
    if (isKnown) return unixMillis(unlistedAt);
    tx.set(lifecycles, LIFECYCLE_ID, { ...life, unlistedAt: tx.now });
    return wereEmpty ? tx.now : undefined;
  });
}

/** Says that a server is open whose state has vanished: whoever says so has looked. Whether there was anything to say. */
export async function restateOpen(store: DocumentStore, by: By): Promise<boolean> {
  const id = randomId(by.random);
  return await store.transact(async (tx) => {
    const [life] = await tx.get(lifecycles, [LIFECYCLE_ID]);
    const audit = await beginAudit(tx, id);
    if (audit.earlier !== undefined) return true;
    if (life !== undefined || !(await isLost(tx))) return false;
    const after: Lifecycle = opened(
      { goal: 'hibernate', closesAt: tx.now, keepFilesMs: 0 },
      tx.now,
    );
    tx.set(lifecycles, LIFECYCLE_ID, after);
    const changes = [changeOf(undefined, after)];
    audit.append({ actor: by.actor, operation: 'lifecycle.restate', changes });
    return true;
  });
}

async function isLost(tx: Transaction): Promise<boolean> {
  try {
    await readLifecycle(tx);
    return false;
  } catch (fault) {
    if (fault instanceof LifecycleFault) return fault.code === 'lost';
    throw fault;
  }
}
