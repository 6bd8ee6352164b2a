import { machine } from '../support/machine.ts';
import type { DocumentStore } from '@keyserver/docstore';
import { openFirestoreStore } from '@keyserver/firestore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { type Manifest, exportData, importData, verifyData } from '@keyserver/data-transfer';
import { seededRandom } from '@keyserver/random/testing';
import {
  type Placed,
  aNewDirectory,
  contentOf,
  put,
  removeScratch,
  someDocuments,
} from '@keyserver/data-transfer/testing';
import { keyserver } from '@keyserver/cli/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const random = seededRandom('cloud');
let firestore: FirestoreStandIn;
const opened: DocumentStore[] = [];

beforeEach(async () => {
  firestore = await startFirestoreStandIn();
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await closeTestStores();
  await firestore.close();
  await removeScratch();
});

async function cloudStore(): Promise<DocumentStore> {
  const store = await openFirestoreStore({
    ...machine,
    projectId: 'moved',
    emulatorHost: firestore.address,
    random,
  });
  opened.push(store);
  return store;
}

/** So many documents of keys and a few others, which stay as they are for as long as the test runs. */
const lasting = (keyBatches: number): readonly Placed[] =>
  someDocuments(keyBatches).map(({ value, ...one }) => ({
    ...one,
    value: { ...value, ...('expireAt' in value ? { expireAt: 2 ** 45 } : {}) },
  }));
/** More than one transaction takes. */
const MANY = 550;

async function exportOf(
  store: DocumentStore,
): Promise<{ readonly directory: string; readonly manifest: Manifest }> {
  const directory = await aNewDirectory();
  const outcome = await exportData(store, { directory, source: 'a store', random });
  if (outcome.kind !== 'exported') throw new Error(`not exported: ${JSON.stringify(outcome)}`);
  return { directory, manifest: outcome.manifest };
}

/** What a manifest says of documents, whichever file they are in. */
const digestsOf = ({ collections }: Manifest): unknown =>
  collections.map(({ name, documents, digest }) => ({ name, documents, digest }));

it('moves everything to Firestore and back, with the same digests all the way', async () => {
  const [source, cloud, home] = [await openTestStore(), await cloudStore(), await openTestStore()];
  await put(source, lasting(MANY));
  const there = await exportOf(source);
  expect(await importData(cloud, there)).toMatchObject({ kind: 'imported' });
  const back = await exportOf(cloud);
  expect(digestsOf(back.manifest)).toEqual(digestsOf(there.manifest));
  expect(await importData(home, back)).toMatchObject({ kind: 'imported' });
  expect(await contentOf(home)).toEqual(await contentOf(source));
});

it('goes on in Firestore where it was when it was killed', async () => {
  const [source, cloud] = [await openTestStore(), await cloudStore()];
  await put(source, lasting(MANY));
  const { directory } = await exportOf(source);
  let groups = 0;
  const interrupted = importData(cloud, {
    directory,
    wrote: () => {
      if (++groups === 4) throw new Error('killed');
    },
  });
  await expect(interrupted).rejects.toThrow('killed');
  expect((await verifyData(cloud, { directory })).kind).toBe('differs');
  expect(await importData(cloud, { directory })).toMatchObject({ kind: 'imported' });
  expect(await contentOf(cloud)).toEqual(await contentOf(source));
});

it('is done by the command line, which reaches Firestore by its project', async () => {
  const source = await openTestStore();
  await put(source, lasting(20));
  const { directory } = await exportOf(source);
  const target = ['--project', 'moved', '--endpoint', firestore.address];
  const imported = await keyserver(['data', 'import', '--from', directory, ...target], machine);
  expect(imported).toMatchObject({
    code: 0,
    err: '  --key-hash-secret is not given: the secret is not checked\n',
  });
  expect(imported.out).toMatch(/into project moved, database \(default\), and compared them\.\n$/);
  const verified = await keyserver(['data', 'verify', '--from', directory, ...target], machine);
  expect(verified).toMatchObject({ code: 0, err: '' });
});
