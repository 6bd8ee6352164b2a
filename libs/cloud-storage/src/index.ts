export { type CloudBucketSettings, type CloudBuckets, openCloudBuckets } from './cloud-buckets.ts';
