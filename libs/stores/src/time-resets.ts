import {
  type DocumentStore,
  type Json,
  type Transaction,
  collection,
  int,
  json,
} from '@keyserver/docstore';
import { type Epoch, FIRST_EPOCH, MAX_EPOCH, type TimeReset } from '@keyserver/federation';
import { unixMillis } from '@keyserver/time';
import { array, integer, member, record } from './stored-json.ts';

/** How many resets are remembered. Who holds a position from before them begins at the beginning. */
const MOST_RESETS = 100;

/**
 * Which epoch of store time it is, and the resets that ended those before; the id of the one document is RESETS, and it is absent
 * while store time was never set back. It moves with the data, as what was told in earlier epochs does.
 */
export const timeResets = collection({
  name: 'timeResets',
  fields: {
    epoch: int(),
    resets: json((stored): readonly TimeReset[] => array(stored).map(resetOf)),
  },
});

const RESETS = 'resets';

function resetOf(stored: Json): TimeReset {
  const reset = record(stored);
  const field = (name: keyof TimeReset): number => integer(member(reset, name));
  return { epoch: field('epoch'), from: unixMillis(field('from')), to: unixMillis(field('to')) };
}

/** The epoch of store time. */
export async function readEpoch(from: Pick<DocumentStore | Transaction, 'get'>): Promise<Epoch> {
  const [stored] = await from.get(timeResets, [RESETS]);
  return stored === undefined ? FIRST_EPOCH : { number: stored.epoch, resets: stored.resets };
}

/** Reads the epoch, and again only once something may have been committed since, where the store can tell. */
export function epochReader(
  store: Pick<DocumentStore, 'get' | 'changeMark'>,
): () => Promise<Epoch> {
  let known: { readonly mark: number; readonly epoch: Epoch } | undefined;
  return async () => {
    const mark = store.changeMark?.();
    if (known !== undefined && known.mark === mark) return known.epoch;
    const epoch = await readEpoch(store);
    known = mark === undefined ? undefined : { mark, epoch };
    return epoch;
  };
}

/** Begins another epoch, in the transaction that sets store time back: `before` is what it was until then, ms. */
export async function beginEpoch(tx: Transaction, before: number): Promise<void> {
  const { number, resets } = await readEpoch(tx);
  const epoch = number + 1;
  if (epoch > MAX_EPOCH) throw new Error('store time was set back too often');
  const reset = { epoch, from: unixMillis(before), to: tx.now };
  tx.set(timeResets, RESETS, { epoch, resets: [...resets, reset].slice(-MOST_RESETS) });
}
