import { openFirestoreStore } from '@keyserver/firestore';
import { systemRandom } from '@keyserver/random';
import { startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { machine } from '../support/machine.ts';
import { describeRecalledKeys } from '../support/recalled-keys.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describeRecalledKeys(
  'Google Cloud',
  async (clock) => {
    const firestore = await startFirestoreStandIn({ now: clock.now });
    const of = { projectId: 'recall', emulatorHost: firestore.address };
    const store = await openFirestoreStore({ ...machine, ...of, clock, random: systemRandom });
    closers.push(firestore.close, async () => {
      await store.close();
    });
    return store;
  },
  { locks: true },
);
