export { openIssuer } from './issuer.ts';
export { type LocalPlatform, bucketsOf, openLocalPlatform } from './platform.ts';
export { DataDirectoryFault } from './unusable-data-directory.ts';
