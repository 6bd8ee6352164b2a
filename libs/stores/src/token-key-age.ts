import { type DocumentStore, collection, int } from '@keyserver/docstore';
import { KEY_RULE_CHOICES } from '@keyserver/exposure-keys';
import { HOUR } from '@keyserver/time';

/**
 * The largest maximum age of keys (ms) under which a service has given revision tokens; one document. Whoever destroys data keys must
 * know it, and it is a setting of those who give tokens.
 */
export const tokenKeyAges = collection({ name: 'tokenKeyAges', fields: { maxKeyAge: int() } });

const TOKENS = 'tokens';
/** The largest that may be set, ms. */
const BOUND = KEY_RULE_CHOICES.MAX_KEY_AGE_HOURS.max * HOUR;

/**
 * Notes a maximum age (ms) before tokens are given under it. It never falls: under a smaller one there are still tokens from before,
 * and another process may still give some.
 */
export async function noteTokenKeyAge(store: DocumentStore, maxKeyAge: number): Promise<void> {
  const [known] = await store.get(tokenKeyAges, [TOKENS]);
  if (known !== undefined && known.maxKeyAge >= maxKeyAge) return;
  await store.transact(async (tx) => {
    const [stored] = await tx.get(tokenKeyAges, [TOKENS]);
    tx.set(tokenKeyAges, TOKENS, { maxKeyAge: Math.max(maxKeyAge, stored?.maxKeyAge ?? 0) });
  });
}

/** The age (ms) that was noted; the largest that may be set where none was. */
export async function readTokenKeyAge(store: Pick<DocumentStore, 'get'>): Promise<number> {
  const [stored] = await store.get(tokenKeyAges, [TOKENS]);
  return stored?.maxKeyAge ?? BOUND;
}
