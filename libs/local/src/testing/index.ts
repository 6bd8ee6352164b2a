export { openTestBucket } from './open-test-bucket.ts';
