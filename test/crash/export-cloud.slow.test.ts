import { machine } from '../support/machine.ts';
import { openFirestoreStore } from '@keyserver/firestore';
import { openCloudBuckets } from '@keyserver/cloud-storage';
import { systemRandom } from '@keyserver/random';
import { type ExportPlatform, deathInSettling, expectRecovery } from '@keyserver/export/testing';
import { startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { startStorageStandIn } from '@keyserver/stand-ins/storage';

/** A worker dies at every one of so many uses of a port. */
const EVERY = process.env['SOAK'] === '1' ? 1 : 12;
const MOST = 300;
const PROJECT = 'deaths';
/** A cell is begun, its documents are written, and its attempt is named. */
const STEPS_OF_SETTLING = 3;
/** Of the two uploads that are exported, and of a revision. */
const CELLS = 3;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Google Cloud as its clients see it: a new Firestore, as every fixture begins at the same time, and a new bucket. */
async function cloudGround(): Promise<ExportPlatform> {
  const buckets = Array.from({ length: MOST }, (_, n) => `bucket-${n}`);
  const storage = await startStorageStandIn({ buckets });
  closers.push(storage.close);
  const cloud = openCloudBuckets({ ...machine, projectId: PROJECT, apiEndpoint: storage.url });
  return {
    openStore: async (clock) => {
      const firestore = await startFirestoreStandIn({ now: clock.now });
      const of = { projectId: PROJECT, emulatorHost: firestore.address };
      const store = await openFirestoreStore({ ...machine, ...of, clock, random: systemRandom });
      closers.push(firestore.close, async () => {
        await store.close();
      });
      return store;
    },
    openBucket: () => cloud.openBucket(buckets.pop()!),
  };
}

it(
  'gives the same files, each listed once, wherever a worker dies on Google Cloud',
  async () => {
    const platform = await cloudGround();
    let death = 0;
    while (await expectRecovery((_port, use) => use === death, platform)) death += EVERY;
    expect(death).toBeGreaterThan(50);
  },
  10 * 60_000,
);

it(
  'gives the same files, each listed once, wherever a worker dies on Google Cloud while it settles cells',
  async () => {
    const platform = await cloudGround();
    let deaths = 0;
    while (await expectRecovery(deathInSettling(deaths), platform)) deaths += 1;
    expect(deaths).toBeGreaterThan(STEPS_OF_SETTLING * CELLS);
  },
  10 * 60_000,
);
