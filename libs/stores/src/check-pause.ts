import type { DocumentStore } from '@keyserver/docstore';
import { randomId } from '@keyserver/random';
import { DAY, HOUR, type UnixMillis, unixMillis } from '@keyserver/time';
import { auditEntries } from './audit.ts';
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
  const auditId = randomId(due.random);
  const endsAt = unixMillis(due.oldest + due.retention - ENDS_BEFORE);
  return await store.transact(async (tx) => {
    const [known] = await tx.get(pauses, [pause.id]);
    const [audited] = await tx.get(auditEntries, [auditId]);
    if (audited !== undefined) return { kind: 'ended' };
    // It was ended meanwhile, and perhaps begun anew.
    if (known?.since !== pause.since) return { kind: 'lasts' };
    if (tx.now < endsAt - ALERTS_FOR) return { kind: 'lasts' };
    const { alertedAt } = known;
    if (alertedAt === undefined || alertedAt > tx.now)
      tx.set(pauses, pause.id, { ...known, alertedAt: tx.now });
    else if (tx.now >= Math.max(endsAt, alertedAt + LEAST_NOTICE)) {
      removeIn(tx, { id: pause.id, auditId, actor: due.actor }, pause);
      return { kind: 'ended' };
    }
    return { kind: 'ends soon', endsAt };
  });
}
