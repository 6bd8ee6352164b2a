import { Fault } from '@keyserver/fault';
import {
  type DocumentOf,
  type DocumentStore,
  type Json,
  type Transaction,
  bytes,
  collection,
  int,
  json,
  optional,
  text,
} from '@keyserver/docstore';
import { type WindowCalendar, type WindowChange, unixMillis, windowLength } from '@keyserver/time';
import { array, integer, member, record } from './stored-json.ts';

/** The number of the format that this program reads and writes. Another number, another program. */
export const FORMAT_VERSION = 1;

/** Whether a store is for trying things out or for real people. */
export type StoreProfile = 'development' | 'production';

const fields = {
  version: int(),
  storeId: text(),
  shards: int(),
  closingDelay: int(),
  windows: optional(json(windowsOf)),
  profile: optional(text<StoreProfile>()),
  keyHashCheck: optional(text()),
  wrapped: optional(bytes()),
  wrappedDigest: optional(text()),
};

/** What everybody who reads or writes a store must agree on. */
export type StoreFormat = DocumentOf<typeof fields>;

/**
 * The format of the store, one document. It is written by whoever opens the store first; what that one does not know, such as
 * a command that is told no window, is left out until somebody comes who knows it.
 */
export const storeFormat = collection({ name: 'storeFormat', fields });

/** The id of the one document. */
export const FORMAT_ID = 'format';

/** The format of a store; undefined when nobody has written it yet. */
export async function readStoreFormat(
  from: Pick<DocumentStore | Transaction, 'get'>,
): Promise<StoreFormat | undefined> {
  const [stored] = await from.get(storeFormat, [FORMAT_ID]);
  return stored;
}

/** A store that must not be used as it was about to be; the message is a sentence that tells an operator what to do. */
export class StoreFormatFault extends Fault<'mismatch'> {
  constructor(message: string, options?: ErrorOptions) {
    super('mismatch', message, options);
  }
}

function windowsOf(stored: Json): WindowCalendar {
  const [first, ...later] = array(stored).map(changeOf);
  if (first === undefined) throw new Error('stored format without a window');
  return [first, ...later];
}

function changeOf(stored: Json): WindowChange {
  const change = record(stored);
  const length = windowLength(integer(member(change, 'length')));
  if (length === undefined) throw new Error('stored format with an impossible window');
  return { from: unixMillis(integer(member(change, 'from'))), length };
}
