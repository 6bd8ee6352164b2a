import { machine } from '../../../test/support/machine.ts';
import { describeBlobStore } from '@keyserver/export-file/testing';
import { openCloudBuckets } from './index.ts';
import { BUCKET, bucketsOf, closeStandIns, standIn } from './testing/adapter-world.ts';

afterEach(closeStandIns);

describeBlobStore('Cloud Storage', async () => {
  const server = await standIn();
  return {
    bucket: bucketsOf(server).openBucket(BUCKET),
    other: bucketsOf(server).openBucket(BUCKET),
  };
});

// With STORAGE_TEST_BUCKET (and STORAGE_TEST_PROJECT) the same suite runs against a real bucket, with the credentials that
// Google's libraries find by themselves. It overwrites and deletes the few names that the suite uses.
const real = process.env['STORAGE_TEST_BUCKET'];
const NAMES = ['v1', 'v1/1.json', 'v1/a.zip', 'v1/index.txt'];

if (real !== undefined) {
  describeBlobStore(`Cloud Storage itself, bucket ${real},`, async () => {
    const settings = { ...machine, projectId: process.env['STORAGE_TEST_PROJECT'] ?? '' };
    const bucket = openCloudBuckets(settings).openBucket(real);
    for (const name of NAMES) await bucket.delete(name);
    return { bucket, other: openCloudBuckets(settings).openBucket(real) };
  });
}
