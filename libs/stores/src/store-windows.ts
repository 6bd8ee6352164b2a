import { type DocumentStore, StoreFault, type Transaction } from '@keyserver/docstore';
import { releaseSpan } from '@keyserver/exposure-keys';
import { MINUTE, type UnixMillis, type WindowCalendar } from '@keyserver/time';
import { readStoreFormat } from './store-format.ts';

/** The windows as the store has them now. */
export type ReadWindows = (
  from: Pick<DocumentStore | Transaction, 'get'>,
) => WindowCalendar | Promise<WindowCalendar>;

/** The windows that a transaction goes by. It may read, so it is asked before the transaction writes. */
export type FindWindows = (tx: Transaction) => WindowCalendar | Promise<WindowCalendar>;

/** Reads the windows each time, which locks them: for whoever closes windows. */
export const storedWindows: ReadWindows = async (from) => {
  const format = await readStoreFormat(from);
  if (format?.windows !== undefined) return format.windows;
  throw new StoreFault('unavailable', 'the store does not say its windows any more');
};

/** How long, in store time, a process may go by the windows that it read last. */
const REMEMBERED_FOR = MINUTE;

/**
 * How long before it begins a change of the windows must be stored: longer than windows are remembered, by more than the
 * 30 s that the clock of a process and store time may differ.
 */
export const CHANGE_NOTICE = 2 * MINUTE;

/**
 * Windows for those who write keys: read once a minute of store time and remembered, so that an upload costs no read for
 * them. A transaction at or after the beginning of a change knows the change: what it remembers is a minute old at most, and
 * the change was stored two minutes before. This holds for `floor` as well as for the time itself, because a change
 * begins at a multiple of the length before it, and so at a multiple of `releaseSpan`.
 */
export function rememberedWindows(read: ReadWindows = storedWindows): FindWindows {
  let remembered: { readonly windows: WindowCalendar; readonly at: UnixMillis } | undefined;
  return async (tx) => {
    // An operator may have set store time back: what was read in a future that never came says nothing.
    if (remembered !== undefined && remembered.at <= tx.now) {
      const now = tx.floor(releaseSpan(remembered.windows));
      if (now - remembered.at <= REMEMBERED_FOR) return remembered.windows;
    }
    const windows = await read(tx);
    remembered = { windows, at: tx.now };
    return windows;
  };
}
