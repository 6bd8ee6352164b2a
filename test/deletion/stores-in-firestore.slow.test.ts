import { readFileSync } from 'node:fs';
import type { DocumentStore } from '@keyserver/docstore';
import { openFirestoreStore } from '@keyserver/firestore';
import { openTestStoresWith } from '@keyserver/sqlite/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { systemClock } from '@keyserver/time';
import { machine } from '../support/machine.ts';

/** The indexes that a deployment has: a query without one is refused. */
const INDEXES = new URL('../../terraform/firestore-indexes.json', import.meta.url);
const indexes = JSON.parse(readFileSync(INDEXES, 'utf8')) as never;

const standIns: FirestoreStandIn[] = [];

beforeAll(() => {
  openTestStoresWith(async ({ clock = systemClock }) => {
    const standIn = await startFirestoreStandIn({ now: () => clock.now(), indexes });
    standIns.push(standIn);
    const place = { projectId: 'stores', emulatorHost: standIn.address };
    return closingAtOnce(await openFirestoreStore({ ...machine, ...place, clock }));
  });
});
afterEach(async () => {
  await Promise.all(
    standIns.splice(0).map(async (standIn) => {
      await standIn.close();
    }),
  );
});
afterAll(() => {
  openTestStoresWith(undefined);
});

/** These tests know windows that close on the hour; that Firestore's close later is what whole rounds are played with. */
const closingAtOnce = (store: DocumentStore): DocumentStore =>
  Object.assign(Object.create(store) as DocumentStore, { closingDelay: 0 });

// What is tested over SQLite is tested over Firestore: these files describe themselves as they are loaded.
await import('../../libs/stores/src/delete-keys.test.ts');
await import('../../libs/stores/src/delete-bookkeeping.test.ts');
await import('../../libs/stores/src/retire-batches.test.ts');
await import('../../services/cleanup/src/clean-exports.test.ts');
