export { keyWrapperContract } from './key-wrapper-contract.ts';
export { fixedKeyRing } from './fixed-key-ring.ts';
