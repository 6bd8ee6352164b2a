import { readFileSync } from 'node:fs';
import type { DocumentStore } from '@keyserver/docstore';
import { openFirestoreStore } from '@keyserver/firestore';
import { openTestStoresWith } from '@keyserver/sqlite/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { systemClock } from '@keyserver/time';
import { machine } from './machine.ts';

/** The indexes that a deployment has: a query without one is refused. */
const INDEXES = new URL('../../terraform/firestore-indexes.json', import.meta.url);

/**
 * Gives the tests of a file stores over Firestore's real client instead of SQLite, each with a stand-in of its own. `given` may
 * change what a store says of itself.
 */
export function openTestStoresOverFirestore(
  given: (store: DocumentStore) => DocumentStore = (store) => store,
): void {
  const indexes = JSON.parse(readFileSync(INDEXES, 'utf8')) as never;
  const standIns: FirestoreStandIn[] = [];
  beforeAll(() => {
    openTestStoresWith(async ({ clock = systemClock }) => {
      const standIn = await startFirestoreStandIn({ now: () => clock.now(), indexes });
      standIns.push(standIn);
      const place = { projectId: 'stores', emulatorHost: standIn.address };
      return given(await openFirestoreStore({ ...machine, ...place, clock }));
    });
  });
  afterEach(async () => {
    for (const standIn of standIns.splice(0)) await standIn.close();
  });
  afterAll(() => {
    openTestStoresWith(undefined);
  });
}

/** For tests that know windows which close on the hour; that Firestore's close later is what whole rounds are played with. */
export const closingAtOnce = (store: DocumentStore): DocumentStore =>
  Object.assign(Object.create(store) as DocumentStore, { closingDelay: 0 });
