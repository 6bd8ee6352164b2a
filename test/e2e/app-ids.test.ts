import { machine } from '../support/machine.ts';
import type { DocumentStore } from '@keyserver/docstore';
import { openFirestoreStore } from '@keyserver/firestore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  applyConfiguration,
  parseConfiguration,
  showConfiguration,
} from '@keyserver/configuration';
import { exportData, importData } from '@keyserver/data-transfer';
import { seededRandom } from '@keyserver/random/testing';
import { appDocument, authorizedApps, findApp } from '@keyserver/stores';
import { aFile, anEntry } from '@keyserver/configuration/testing';
import { aNewDirectory, removeScratch } from '@keyserver/data-transfer/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const random = seededRandom('apps');
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
    projectId: 'apps',
    emulatorHost: firestore.address,
    random,
  });
  opened.push(store);
  return store;
}

/** What apps were built with for servers of other makes; no document may have some of these ids. */
const ODD = ['Dept Of Health', 'a/b', 'État', '.', '..', '__DOH__', '100%', '"a": {b}', '健康🔑'];
const LONGEST = ['É'.repeat(127), 'X'.repeat(255)];
const IDS = ['org.example.app', ...ODD, ...LONGEST];

const fileWith = (ids: readonly string[]): string =>
  aFile({ apps: ids.map((id) => anEntry('apps', { id })) });

async function apply(store: DocumentStore, text: string): Promise<string> {
  const parsed = parseConfiguration(text);
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
  return (await applyConfiguration(store, parsed.value, { actor: 'alex', random })).kind;
}

const namesFound = async (store: DocumentStore): Promise<readonly (string | undefined)[]> =>
  await Promise.all(IDS.map(async (id) => (await findApp(store)(id))?.id));
const lowerCase = IDS.map((id) => id.toLowerCase());

describe.each([
  ['SQLite', openTestStore, cloudStore],
  ['Firestore', cloudStore, openTestStore],
])('apps of any name in %s', (_, openHere, openThere) => {
  it('are configured, shown, found and removed', async () => {
    const store = await openHere();
    const file = fileWith(IDS);
    expect(await apply(store, file)).toBe('applied');
    expect(await namesFound(store)).toEqual(lowerCase);
    expect(await apply(store, await showConfiguration(store))).toBe('unchanged');
    expect(await apply(store, fileWith(['org.example.app']))).toBe('applied');
    expect((await namesFound(store)).filter((id) => id !== undefined)).toEqual(['org.example.app']);
  });

  it('move to a store of the other kind', async () => {
    const [here, there] = [await openHere(), await openThere()];
    await apply(here, fileWith(IDS));
    const directory = await aNewDirectory();
    const exported = await exportData(here, { directory, source: 'a store', random });
    expect(exported.kind).toBe('exported');
    expect(await importData(there, { directory })).toMatchObject({ kind: 'imported' });
    expect(await namesFound(there)).toEqual(lowerCase);
    expect(await showConfiguration(there)).toBe(await showConfiguration(here));
  });

  it('lie where those of package names have always lain', async () => {
    const store = await openHere();
    const before = { id: 'org.example_app-2', regions: ['US'], authorities: [1] };
    await store.transact(async (tx) => {
      tx.set(
        authorizedApps,
        before.id,
        appDocument({ ...before, bypassCertificate: false, bypassRevisionToken: false }),
      );
      await Promise.resolve();
    });
    expect(await findApp(store)('Org.Example_App-2')).toMatchObject(before);
    expect(await apply(store, fileWith([before.id]))).toBe('applied');
    expect(await store.get(authorizedApps, [before.id])).toMatchObject([{ regions: ['US'] }]);
    expect(await apply(store, fileWith(['a/b']))).toBe('applied');
    expect(await store.get(authorizedApps, [before.id])).toEqual([undefined]);
  });
});
