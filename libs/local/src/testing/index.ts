export { openTestBucket } from './open-test-bucket.ts';
export { closeTestStores, openTestStore } from './test-store.ts';
