import type { Transaction } from '@keyserver/docstore';
import { type Random, randomId } from '@keyserver/random';
import { beginAudit, beginEpoch, isAnythingAhead, undoAllAhead } from '@keyserver/stores';
import type { UnixMillis } from '@keyserver/time';

/** What is known of the time of a store on one machine. */
export interface TimeReport {
  /** What the clock of this machine shows. */
  readonly wall: number;
  /** The latest store time that anybody was given. */
  readonly mark: number;
  /** Why the clock is doubted, in a sentence; undefined when it is believed. */
  readonly doubt: string | undefined;
  /** What an operator can do when the clock is right all the same. */
  readonly remedy: 'accept' | 'reset' | undefined;
}

/** The time of a store on one machine, as an operator may mend it. Each `mend` is one transaction at the machine's time. */
export interface MendableTime {
  readonly report: () => Promise<TimeReport>;
  readonly mend: <T>(
    as: 'accept' | 'reset' | 'prepare-reset',
    decide: (tx: Transaction) => Promise<T>,
  ) => Promise<T>;
}

/** Who mends, for the audit log. */
export interface Mender {
  readonly actor: string;
  readonly random: Random;
}

/** Declares the clock of this machine to be right: store time goes on from it. */
export async function acceptTime(time: MendableTime, by: Mender): Promise<void> {
  const { mark } = await time.report();
  const auditId = randomId(by.random);
  await time.mend('accept', async (tx) => {
    const append = await auditing(tx, { auditId, by, operation: 'time.accept', before: mark });
    append();
  });
}

/**
 * Brings store time back to the clock of this machine, and undoes what was done ahead of it. Batches that end after the
 * present are removed, to be cut again when their time comes; exports go on from the present; leases end. Keys stay as they
 * are, and are exported when their windows have passed. Gives the number of batches that were removed; `stepped` hears it after each transaction.
 *
 * All that is ahead is undone in steps, before store time is brought back in the last one. Whoever is killed between them
 * has changed nothing that a second run would not change, and store time is still ahead, so that nobody works meanwhile.
 */
export async function resetTime(
  time: MendableTime,
  by: Mender,
  stepped: (removed: number) => void = () => undefined,
): Promise<number> {
  const { mark } = await time.report();
  const auditId = randomId(by.random);
  let removed = 0;
  for (;;) {
    const before = removed;
    removed += await undoAllAhead(
      async (decide) => await time.mend('prepare-reset', decide),
      (more) => {
        stepped(before + more);
      },
    );
    const isBack = await time
      .mend('reset', async (tx) => {
        if (await isAnythingAhead(tx)) throw new MoreAhead();
        const append = await auditing(tx, { auditId, by, operation: 'time.reset', before: mark });
        await beginEpoch(tx, mark);
        append();
      })
      .then(() => true, whenMoreIsAhead);
    if (isBack) return removed;
  }
}

/** Somebody did more ahead of the present meanwhile; nothing was changed. */
class MoreAhead extends Error {
  override readonly name = 'MoreAhead';
}

function whenMoreIsAhead(error: unknown): false {
  if (error instanceof MoreAhead) return false;
  throw error;
}

interface Entry {
  readonly auditId: string;
  readonly by: Mender;
  readonly operation: 'time.accept' | 'time.reset';
  readonly before: number;
}

/** Reads what an entry needs, before anything is written; what it gives writes the entry. */
async function auditing(
  tx: Transaction,
  { auditId, by, operation, before }: Entry,
): Promise<() => void> {
  const { earlier, append } = await beginAudit(tx, auditId);
  const change = { field: 'time', before: iso(before), after: iso(tx.now), note: undefined };
  return () => {
    if (earlier !== undefined) return;
    append({
      ...{ actor: by.actor, operation },
      changes: [{ action: 'change', section: 'store', id: 'time', fields: [change] }],
    });
  };
}

const iso = (t: number | UnixMillis): string => new Date(t).toISOString();
