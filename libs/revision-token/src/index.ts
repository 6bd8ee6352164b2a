export type { FindKeyWrapper, KeyWrapper } from './key-wrapper.ts';
