export type { BlobHeaders, BlobInfo, BlobStore, OpenBucket } from './blob-store.ts';
export type { ExportBatch, ExportFile, Frozen, FrozenSigner } from './export-batch.ts';
export { type ExportConfig, type SigningKey, inputRegionsOf } from './export-config.ts';
export type { FindSigner, SignatureInProgress, Signer } from './signer.ts';
