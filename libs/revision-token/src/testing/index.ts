export { keyWrapperContract } from './key-wrapper-contract.ts';
