export { acceptDatabase, missingCommits } from './commit-witness.ts';
export { type ArrayCheck, checkArrayIndexes, rebuildArrayIndexes } from './rebuild-array-index.ts';
export { type SqliteDocumentStore, type SqliteSettings, openSqliteStore } from './store.ts';
