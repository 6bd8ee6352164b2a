export { type KmsStandIn, startKmsStandIn } from './start-kms.ts';
export { crc32cOf } from './crc32c.ts';
