export { type CloudKms, type KmsSettings, openKms } from './kms.ts';
export { type KeyProblem, KmsFault } from './kms-fault.ts';
export type { NamedKeys } from './check-keys.ts';
