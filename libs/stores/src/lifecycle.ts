import {
  type DocumentOf,
  type DocumentStore,
  type Transaction,
  collection,
  int,
  optional,
  text,
} from '@keyserver/docstore';
import { Fault } from '@keyserver/fault';
import { MINUTE, SECOND, type Timers, type UnixMillis } from '@keyserver/time';
import { storeParts } from './store-parts.ts';
import { CHANGE_NOTICE, type FindWindows } from './store-windows.ts';

/**
 * Where a server is in its life. `closing` takes no uploads and brings out what it has; `emptying` deletes; `ended` and
 * `hibernating` hold no data of people, the first for good.
 */
export type LifecycleState = 'open' | 'closing' | 'emptying' | 'ended' | 'hibernating';

/** What a server that is closing comes to. */
export type LifecycleGoal = 'decommission' | 'hibernate';

const fields = {
  state: text<LifecycleState>(),
  goal: text<LifecycleGoal>(),
  since: int(),
  // From this store time on no key is stored.
  closesAt: int(),
  // How long files stay listed after the last one was made, ms.
  keepFilesMs: int(),
  // When it was first seen that nothing waits any more; taken back when something does.
  drainedAt: optional(int()),
  // When every index was first found empty.
  unlistedAt: optional(int()),
  // What there was before anything was deleted, and what to delete; JSON.
  census: optional(text()),
  // The key that signs the report.
  signingKey: optional(text()),
  report: optional(text()),
};

/** The life of a server, as it is stored. */
export type Lifecycle = DocumentOf<typeof fields>;

/** One document, `server`, from the first time that a server was asked to close. */
export const lifecycles = collection({ name: 'lifecycles', fields });

/** The id of the one document. */
export const LIFECYCLE_ID = 'server';

/** What the store notes among its parts once it has such a document, so that one that vanished is not taken for an open server. */
export const LIFECYCLE_MARK = 'lifecycle';

/** The store is closed, or does not say any more whether it is. The message is a sentence for the operator. */
export class LifecycleFault extends Fault<'closed' | 'lost'> {}

/** The life of a server; undefined where it was never asked to close. Throws a LifecycleFault when the document has vanished. */
export async function readLifecycle(
  from: Pick<DocumentStore | Transaction, 'get'>,
): Promise<Lifecycle | undefined> {
  const [life] = await from.get(lifecycles, [LIFECYCLE_ID]);
  if (life !== undefined) return life;
  const [mark] = await from.get(storeParts, [LIFECYCLE_MARK]);
  if (mark === undefined) return undefined;
  throw new LifecycleFault(
    'lost',
    'the store does not say any more whether this server is open; put the database back from a backup, or say it anew with `npx keyserver wake --state-lost`, as docs/decommission.md says',
  );
}

/** The state of a server, open unless it was asked to close. */
export const stateOf = (life: Lifecycle | undefined): LifecycleState => life?.state ?? 'open';

/** Whether jobs have nothing to do: what there was is being deleted, or gone. */
export const standsStill = (state: LifecycleState): boolean =>
  state === 'emptying' || state === 'ended' || state === 'hibernating';

/** How long, in store time, a process may go by what it read last. */
const REMEMBERED_FOR = MINUTE;

/** How long before it takes effect a close must be stored: as for a change of windows, longer than it is remembered. */
export const CLOSING_NOTICE = CHANGE_NOTICE;

/**
 * Windows for those who write keys, while the server is open: a transaction at or after `closesAt` throws a LifecycleFault. It reads
 * once a minute, so that an upload costs no read for it. What it remembers is a minute old at most, and a close is stored two
 * minutes before it takes effect.
 */
export function whileOpen(windows: FindWindows): FindWindows {
  let known: { readonly life: Lifecycle | undefined; readonly at: UnixMillis } | undefined;
  return async (tx) => {
    const calendar = await windows(tx);
    // Not `floor`, which stands still for ten minutes. What commits later than it says is waited for before anything is deleted.
    if (known === undefined || known.at > tx.now || tx.now - known.at > REMEMBERED_FOR)
      known = { life: await readLifecycle(tx), at: tx.now };
    const { life } = known;
    if (stateOf(life) !== 'open' && tx.now >= (life?.closesAt ?? 0))
      throw new LifecycleFault('closed', 'this server takes no keys any more: it was closed');
    return calendar;
  };
}

const LOOK_EVERY = 10 * SECOND;

/**
 * Reads the life of a server at most every ten seconds, for requests of strangers. A fault leaves it as it was known last: what writes
 * asks in its transaction, and health says that the store is away. Throws only a first time.
 */
export function rememberedLife(
  read: () => Promise<Lifecycle | undefined>,
  timers: Pick<Timers, 'monotonic'>,
): () => Promise<Lifecycle | undefined> {
  let known: { readonly life: Lifecycle | undefined; readonly at: number } | undefined;
  let reading: Promise<Lifecycle | undefined> | undefined;
  const look = async (): Promise<Lifecycle | undefined> => {
    const at = timers.monotonic();
    try {
      known = { life: await read(), at };
    } catch (fault) {
      if (known === undefined) throw fault;
      known = { ...known, at };
    } finally {
      reading = undefined;
    }
    return known.life;
  };
  return async () =>
    known !== undefined && timers.monotonic() - known.at < LOOK_EVERY
      ? known.life
      : await (reading ??= look());
}
