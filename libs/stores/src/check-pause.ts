import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { randomId } from '@keyserver/random';
import { DAY, HOUR, type UnixMillis, unixMillis } from '@keyserver/time';
import { AuditFault, type AuditInProgress, beginAudit } from './audit-chain.ts';
import { type By, type Pause, pauses, removeIn } from './pauses.ts';

/** A pause ends by itself so long before the oldest thing that it keeps waiting can be read no more, ms. */
const ENDS_BEFORE = 2 * DAY;
/** It is said so long before that, ms, again and again. */
const ALERTS_FOR = DAY;
/** It does not end before it was said for so long, ms: one reading of a clock ends nothing. */
const LEAST_NOTICE = HOUR;

/** What a look at a pause came to; `endsAt` is when it ends by itself. */
export type PauseCheck =
  | { readonly kind: 'lasts' }
  | { readonly kind: 'ends soon'; readonly endsAt: UnixMillis }
  | { readonly kind: 'ended' };

/**
 * Ends a pause when what it keeps waiting would be lost soon. `oldest` is the start of the oldest window that waits, or of what
 * waits at a partner, and `retention` how long a window can be read, ms.
 */
export async function checkPause(
  store: DocumentStore,
  pause: Pause,
  due: { readonly oldest: UnixMillis; readonly retention: number } & By,
): Promise<PauseCheck> {
  const step = randomId(due.random);
  const endsAt = unixMillis(due.oldest + due.retention - ENDS_BEFORE);
  return await store.transact(async (tx) => {
    const [known] = await tx.get(pauses, [pause.id]);
    if (known?.since !== pause.since) {
      // It was ended meanwhile, and perhaps begun anew; or by an earlier attempt of this very transaction.
      const audit = await auditIfWhole(tx, step);
      return { kind: audit?.earlier === undefined ? 'lasts' : 'ended' };
    }
    if (tx.now < endsAt - ALERTS_FOR) return { kind: 'lasts' };
    const { alertedAt } = known;
    if (alertedAt === undefined || alertedAt > tx.now)
      tx.set(pauses, pause.id, { ...known, alertedAt: tx.now });
    else if (tx.now >= Math.max(endsAt, alertedAt + LEAST_NOTICE)) {
      const audit = await auditIfWhole(tx, step);
      removeIn(tx, { id: pause.id, audit, actor: due.actor }, pause);
      return { kind: 'ended' };
    }
    return { kind: 'ends soon', endsAt };
  });
}

/** What ends a pause by itself saves keys, and so does not wait for a chain to be mended: the event of the job is left as a trace. */
async function auditIfWhole(tx: Transaction, step: string): Promise<AuditInProgress | undefined> {
  try {
    return await beginAudit(tx, step);
  } catch (fault) {
    if (fault instanceof AuditFault) return undefined;
    throw fault;
  }
}
