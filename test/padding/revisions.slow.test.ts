import { openFirestoreStore } from '@keyserver/firestore';
import { systemRandom } from '@keyserver/random';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { machine } from '../support/machine.ts';
import { describeRevisedCells } from '../support/revised-cells.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await closeTestStores();
});

describeRevisedCells(
  'Google Cloud',
  async (clock) => {
    const firestore = await startFirestoreStandIn({ now: clock.now });
    const of = { projectId: 'revisions', emulatorHost: firestore.address };
    const store = await openFirestoreStore({ ...machine, ...of, clock, random: systemRandom });
    closers.push(firestore.close, async () => {
      await store.close();
    });
    return store;
  },
  ['after cells.claim', 'before cells.write', 'after cells.write', 'before cells.name'],
);
