export { startInProcess } from './engine-in-process.ts';
export { closeTestStores, openTestStore, openTestStoresWith } from './test-store.ts';
