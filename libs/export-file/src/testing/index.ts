export { archiveOf, someBin, theKey } from './archives.ts';
export { describeBlobStore, pieces } from './blob-contract.ts';
export { memorySigner } from './p256-signer.ts';
export { rawZip } from './raw-zip.ts';
