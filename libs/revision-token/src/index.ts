export { dataKeyLife } from './data-key-life.ts';
export type { FindKeyWrapper, KeyWrapper } from './key-wrapper.ts';
export {
  type KeyRing,
  KeyRingFault,
  type ReadDataKeys,
  type WrappedDataKey,
  keyRing,
} from './key-ring.ts';
export {
  type DataKey,
  LEAST_ENTRIES,
  type SentToken,
  openToken,
  parseToken,
  sealToken,
} from './token.ts';
