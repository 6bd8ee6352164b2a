export { startInProcess } from './engine-in-process.ts';
export { closeTestStores, openTestStore } from './test-store.ts';
