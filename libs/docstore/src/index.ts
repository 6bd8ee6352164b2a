export { type Codec, codecOf } from './codec.ts';
export { type Collection, type Layout, collection, view } from './collection.ts';
export {
  type DocumentStore,
  MAX_DOCUMENT_BYTES,
  MAX_WRITES,
  type StorePart,
  type Transaction,
} from './docstore.ts';
export {
  type DocumentOf,
  type Field,
  type FieldKind,
  type Json,
  type OptionalField,
  bool,
  bytes,
  int,
  ints,
  json,
  optional,
  text,
  texts,
} from './field.ts';
export {
  type AnyQuery,
  type Comparable,
  type Cursor,
  type Found,
  MAX_CONTAINS_ANY,
  type Query,
  indexFor,
} from './query.ts';
export type { FaultDetails } from '@keyserver/fault';
export { StoreFault, type StoreFaultCode } from './store-fault.ts';
export {
  MAX_INDEX_ENTRIES,
  MAX_TRANSACTION_BYTES,
  type StorageSize,
  storageSize,
  writtenBytes,
  writtenSize,
} from './transaction-size.ts';
