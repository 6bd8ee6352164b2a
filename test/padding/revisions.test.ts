import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { describeRevisedCells } from '../support/revised-cells.ts';

afterEach(closeTestStores);

// Over Firestore the same is tested by revisions.slow.test.ts, where each span is read by 64 calls over the network.
describeRevisedCells('one machine', async (clock) => await openTestStore({ clock }), [
  'after cells.claim',
]);
