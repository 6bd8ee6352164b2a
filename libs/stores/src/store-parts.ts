import { Fault } from '@keyserver/fault';
import { type DocumentStore, type StorePart, collection, int } from '@keyserver/docstore';

/** The parts that were given the id of this store, so that one without it is known to have vanished. Id: name of the part. */
export const storeParts = collection({ name: 'storeParts', fields: { since: int() } });

/** A part of the store is gone, or is that of another store; the message is a sentence for the operator. */
export class StorePartFault extends Fault<'missing'> {
  constructor(message: string, options?: ErrorOptions) {
    super('missing', message, options);
  }
}

/** How a part stands to a store: new means that it was never given an id. */
export type PartState = 'present' | 'new' | 'gone' | 'foreign';

/** How a part stands to the store of this id. */
export async function stateOfPart(
  store: DocumentStore,
  storeId: string,
  part: StorePart,
): Promise<PartState> {
  // The record is read first: a part gets its id before the record says so.
  const [recorded] = await store.get(storeParts, [part.name]);
  const found = await part.readId();
  if (found !== undefined) return found === storeId ? 'present' : 'foreign';
  return recorded === undefined ? 'new' : 'gone';
}

/** What it takes to check a part. */
export interface PartCheck {
  readonly store: DocumentStore;
  readonly storeId: string;
  /** Why a part that was never given an id is not taken for a new one; undefined when it is. */
  readonly objection?: (part: StorePart) => Promise<string | undefined>;
}

/**
 * Makes sure that a part belongs to the store, and gives it the id when it is new. Killed at any step it can be repeated:
 * the id comes first, and then the record that it must be there. Throws a StorePartFault.
 */
export async function checkPart(
  { store, storeId, objection }: PartCheck,
  part: StorePart,
): Promise<void> {
  const state = await stateOfPart(store, storeId, part);
  if (state === 'gone' || state === 'foreign')
    throw new StorePartFault(`${part.described} ${WHY[state]}; ${HOW}`);
  if (state === 'new') {
    const reason = await objection?.(part);
    if (reason !== undefined) throw new StorePartFault(`${part.described} ${reason}; ${HOW}`);
    await part.writeId(storeId);
  }
  await recordPart(store, part);
}

/** Notes in the database that a part carries its id. */
async function recordPart(store: DocumentStore, part: StorePart): Promise<void> {
  const [recorded] = await store.get(storeParts, [part.name]);
  if (recorded !== undefined) return;
  await store.transact(async (tx) => {
    const [present] = await tx.get(storeParts, [part.name]);
    if (present === undefined) tx.set(storeParts, part.name, { since: tx.now });
  });
}

const WHY = {
  gone: 'does not carry the id of the store any more: it vanished, or was made anew by something else',
  foreign: 'carries the id of another store than the database',
} as const;

const HOW =
  'put back what belongs together, or let `npx keyserver store adopt` take what is there, as docs/runbooks/missing-part.md says';
