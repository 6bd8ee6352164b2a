export { openIssuer } from './issuer.ts';
export {
  type LocalPlatform,
  UnusableDataDirectory,
  bucketsOf,
  openLocalPlatform,
} from './platform.ts';
export { openSqliteStore } from './sqlite/store.ts';
