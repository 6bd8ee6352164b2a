export { diskSpace } from './disk-room.ts';
export { JWKS_PATH, openIssuer } from './issuer.ts';
export { exposedKeyFiles } from './private-files.ts';
export { type LocalPlatform, bucketsOf, openLocalPlatform } from './platform.ts';
export { DataDirectoryFault } from './unusable-data-directory.ts';
