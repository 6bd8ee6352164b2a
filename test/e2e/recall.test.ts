import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { describeRecalledKeys } from '../support/recalled-keys.ts';

afterEach(closeTestStores);

// Over Firestore the same is tested by recall.slow.test.ts.
describeRecalledKeys('one machine', async (clock) => await openTestStore({ clock }), {
  locks: false,
});
