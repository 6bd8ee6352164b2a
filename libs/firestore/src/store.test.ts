import { machine } from '../../../test/support/machine.ts';
import { contractCollections, documentStoreContract } from '@keyserver/docstore/testing';
import type { DocumentStore } from '@keyserver/docstore';
import { randomId, systemRandom } from '@keyserver/random';
import { simulatedClock, unixMillis } from '@keyserver/time';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { firestoreIndexes, openFirestoreStore } from './index.ts';

const indexes = firestoreIndexes(contractCollections.map(({ layout }) => layout));

/** A busy machine must not look like a store on which others win: when that is given up is tested with the faults. */
const PATIENT = { transactMs: 100_000, attempts: 1000 };

describe('with the stand-in', () => {
  const clock = simulatedClock(unixMillis(Date.parse('2021-05-04T10:17:00Z')));
  let standIn: FirestoreStandIn;
  beforeEach(async () => {
    standIn = await startFirestoreStandIn({ now: () => clock.now(), indexes });
  });
  afterEach(async () => {
    await standIn.close();
  });

  documentStoreContract('Firestore', {
    open: async () =>
      await openFirestoreStore({
        ...machine,
        projectId: 'test',
        emulatorHost: standIn.address,
        clock,
        limits: PATIENT,
      }),
    advance: (ms) => {
      clock.advance(ms);
    },
    locksReads: true,
  });
});

// FIRESTORE_EMULATOR_HOST=host:port runs the suite against Google's emulator, each store in a project of its own.
const emulatorHost = process.env['FIRESTORE_EMULATOR_HOST'];
// FIRESTORE_TEST_PROJECT=project (with FIRESTORE_TEST_DATABASE) runs it against a real database, with the credentials of the
// machine. That database needs the indexes above; its collections people, places, passing and counters are emptied again and again.
const projectId = process.env['FIRESTORE_TEST_PROJECT'];
const databaseId = process.env['FIRESTORE_TEST_DATABASE'] ?? '(default)';

async function emptied(store: DocumentStore): Promise<DocumentStore> {
  for (const collection of contractCollections) await store.deleteAll(collection, {});
  return store;
}

if (emulatorHost !== undefined) {
  documentStoreContract(`Firestore's emulator`, {
    open: async () =>
      await openFirestoreStore({
        ...machine,
        projectId: `test-${randomId(systemRandom).toLowerCase()}`,
        emulatorHost,
      }),
    locksReads: true,
  });
}

if (projectId !== undefined) {
  documentStoreContract(`Firestore itself`, {
    open: async () =>
      await emptied(await openFirestoreStore({ ...machine, projectId, databaseId })),
    locksReads: true,
  });
}
