import { type StorageStandIn, startStorageStandIn } from '@keyserver/stand-ins/storage';
import { systemTimers } from '@keyserver/time';
import { impatient } from '../../../test/support/machine.ts';
import { type CloudBuckets, openCloudBuckets } from './index.ts';

const BUCKET = 'exports';
const open = (cloud: StorageStandIn): CloudBuckets =>
  openCloudBuckets({
    ...{ projectId: 'p', timers: systemTimers, random: impatient },
    apiEndpoint: cloud.url,
  });

let cloud: StorageStandIn;
afterEach(async () => {
  await cloud.close();
});

describe('the grants of a bucket', () => {
  it('are what its policy says', async () => {
    cloud = await startStorageStandIn({ buckets: [BUCKET] });
    expect(await open(cloud).grantsOf(BUCKET)).toEqual([]);
    cloud.setPolicy(BUCKET, [{ role: 'roles/storage.objectViewer', members: ['allUsers'] }]);
    expect(await open(cloud).grantsOf(BUCKET)).toEqual([
      { role: 'roles/storage.objectViewer', members: ['allUsers'] },
    ]);
  });

  it('cannot be read without the permission, nor of a bucket that is not there', async () => {
    cloud = await startStorageStandIn({ buckets: [BUCKET], permissions: ['storage.objects.get'] });
    await expect(open(cloud).grantsOf(BUCKET)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(open(cloud).grantsOf('another')).rejects.toMatchObject({ code: 'no_bucket' });
  });

  it('cannot be read while nobody answers', async () => {
    cloud = await startStorageStandIn({ buckets: [BUCKET] });
    cloud.faults.fail({ op: 'policy', status: 503, times: 9 });
    await expect(open(cloud).grantsOf(BUCKET)).rejects.toMatchObject({ code: 'away' });
  });
});
