export { describeBlobStore, pieces } from './blob-contract.ts';
export { memorySigner } from './p256-signer.ts';
