import { readFileSync } from 'node:fs';
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
    const place = { projectId: 'audit', emulatorHost: standIn.address };
    return await openFirestoreStore({ ...machine, ...place, clock });
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

// What is tested over SQLite is tested over Firestore: these files describe themselves as they are loaded.
await import('../../libs/stores/src/audit-chain.test.ts');
await import('../../libs/operations/src/verify-audit.test.ts');
await import('../../libs/operations/src/trim-audit.test.ts');
