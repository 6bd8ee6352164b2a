import { readFileSync } from 'node:fs';
import { type CloudKms, openKms } from '@keyserver/cloud-kms';
import { openCloudBuckets } from '@keyserver/cloud-storage';
import { type ExportFixture, hour } from '@keyserver/export/testing';
import { openFirestoreStore } from '@keyserver/firestore';
import { isReportSignedBy, parseReport, verifyAudit } from '@keyserver/operations';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import { type StorageStandIn, startStorageStandIn } from '@keyserver/stand-ins/storage';
import {
  deletedWith,
  exportConfigs,
  keyBatches,
  readStoreFormat,
  wakeServer,
} from '@keyserver/stores';
import { DAY, HOUR, MINUTE, unixMillis } from '@keyserver/time';
import { machine } from '../support/machine.ts';
import {
  type EndingGround,
  by,
  close,
  dueToEmpty,
  emptyWithDeaths,
  emptying,
  later,
  leftIn,
  opened,
  state,
} from '../support/server-end.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const PROJECT = 'ending';
const BUCKET = 'exports';
const RING = `projects/${PROJECT}/locations/europe-west1/keyRings/exports/cryptoKeys`;
/** The indexes that a deployment has: a query without one is refused. */
const INDEXES = JSON.parse(
  readFileSync(new URL('../../terraform/firestore-indexes.json', import.meta.url), 'utf8'),
) as never;

let kmsStandIn: KmsStandIn;
let kms: CloudKms;
let storage: StorageStandIn;
let ground: EndingGround;
let audit: string;
let files: string;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  kmsStandIn = await startKmsStandIn();
  storage = await startStorageStandIn({ buckets: [BUCKET], mostListed: 2 });
  kms = await openKms({ ...machine, endpoint: kmsStandIn.address });
  closers.push(kmsStandIn.close, storage.close, async () => {
    await kms.close();
  });
  files = kmsStandIn.createSigningKey(`${RING}/files`);
  audit = kmsStandIn.createSigningKey(`${RING}/audit`);
  const buckets = openCloudBuckets({ ...machine, projectId: PROJECT, apiEndpoint: storage.url });
  const signer = (await kms.findSigner(files))!;
  ground = {
    filesKey: { name: files, signer: Object.assign(signer, { pem: await signer.publicKey() }) },
    platform: {
      openStore: async (clock) => {
        const firestore: FirestoreStandIn = await startFirestoreStandIn({
          ...{ now: () => clock.now(), indexes: INDEXES },
        });
        const place = { projectId: PROJECT, emulatorHost: firestore.address };
        const store = await openFirestoreStore({ ...machine, ...place, clock });
        closers.push(firestore.close, async () => {
          await store.close();
        });
        return store;
      },
      openBucket: () => buckets.openBucket(BUCKET),
    },
  };
});
afterEach(async () => {
  for (const one of closers.splice(0).reverse()) await one();
});

/** As the command does it: a key that cannot be used now signs nothing. */
const usable = async (name: string) =>
  (await kms.trySigner(name)) === undefined ? await kms.findSigner(name) : undefined;
const empties = (fixture: ExportFixture, key = audit) =>
  emptying(fixture, { key, findSigner: usable });

describe('a server on Google Cloud', () => {
  it('brings its last keys out, is emptied, and gives a report that Cloud KMS has signed', async () => {
    const fixture = await opened(ground);
    const held = [...(await fixture.publish(1, { window: hour(20) }))];
    await close(fixture);
    const empty = empties(fixture);
    expect(await empty()).toMatchObject({ kind: 'waits' });
    await later(fixture, 10 * HOUR, 10 * HOUR);
    expect(await fixture.index()).toHaveLength(2);
    expect(await fixture.download()).toEqual(expect.arrayContaining(held));
    expect(await empty()).toMatchObject({ kind: 'files stay' });
    fixture.clock.advance(14 * DAY);
    expect(await empty()).toMatchObject({ kind: 'archives stay' });
    expect(await fixture.index()).toEqual([]);
    expect(await leftIn(fixture, 'decommission')).toEqual([]);
    expect(storage.objects(BUCKET).filter((name) => name.endsWith('.zip'))).toHaveLength(2);
    fixture.clock.advance(DAY);
    expect(await empty()).toMatchObject({ kind: 'archives stay' });
    fixture.clock.advance(6 * MINUTE);
    const done = await empty();
    if (done.kind !== 'done') throw new Error(done.kind);
    expect(storage.objects(BUCKET).toSorted()).toEqual(['us/index.txt', 'us/keys.json']);
    const report = parseReport(done.report)!;
    const { storeId } = (await readStoreFormat(fixture.store))!;
    expect(JSON.parse(report.report)).toMatchObject({
      storeId,
      left: { documents: 0, objects: 0 },
    });
    const publicKey = async (version: string) => await (await kms.findSigner(version))!.publicKey();
    expect(isReportSignedBy(report, await publicKey(audit))).toBe(true);
    expect(isReportSignedBy(report, await publicKey(files))).toBe(false);
    expect(await verifyAudit(fixture.store)).toMatchObject({ kind: 'whole' });
    expect(await empty()).toEqual(done);
    expect(await wakeServer(fixture.store, by)).toEqual({ kind: 'refused', state: 'ended' });
  });

  it('is not emptied for a key of files, or a version that is disabled', async () => {
    const fixture = await dueToEmpty('decommission', ground);
    const before = storage.objects(BUCKET);
    expect(await empties(fixture, files)()).toEqual({ kind: 'key', problem: 'signs files' });
    kmsStandIn.setState(audit, 'DISABLED');
    expect(await empties(fixture)()).toEqual({ kind: 'key', problem: 'cannot sign' });
    expect(await state(fixture)).toBe('closing');
    expect(storage.objects(BUCKET)).toEqual(before);
    expect(await leftIn(fixture, 'decommission')).toContain(keyBatches.layout.name);
  });

  it('keeps its archives when the key of its report is disabled in between, and ends once it is not', async () => {
    const fixture = await dueToEmpty('decommission', ground);
    const empty = empties(fixture);
    expect(await empty()).toMatchObject({ kind: 'archives stay' });
    fixture.clock.advance(2 * DAY);
    kmsStandIn.setState(audit, 'DISABLED');
    const before = storage.objects(BUCKET);
    expect(await empty()).toEqual({ kind: 'key', problem: 'cannot sign' });
    expect(storage.objects(BUCKET)).toEqual(before);
    kmsStandIn.setState(audit, 'ENABLED');
    expect(await empty()).toMatchObject({ kind: 'done' });
  });

  it.each(['before', 'after'] as const)(
    'goes on after it was killed %s any write of its end',
    async (moment) => {
      const fixture = await dueToEmpty('decommission', ground);
      const deaths = await emptyWithDeaths(fixture, empties(fixture), moment);
      expect(deaths).toBeGreaterThan(deletedWith('decommission').length);
      expect(await state(fixture)).toBe('ended');
      expect(await leftIn(fixture, 'decommission')).toEqual([]);
      expect(storage.objects(BUCKET).toSorted()).toEqual(['us/index.txt', 'us/keys.json']);
      expect(await verifyAudit(fixture.store)).toMatchObject({ kind: 'whole' });
    },
  );

  it('hibernates, wakes, and exports what comes from then on', async () => {
    const fixture = await dueToEmpty('hibernate', ground);
    const { store, clock } = fixture;
    const empty = empties(fixture);
    expect(await empty()).toMatchObject({ kind: 'archives stay' });
    clock.advance(2 * DAY);
    expect(await empty()).toMatchObject({ kind: 'done', state: 'hibernating' });
    expect(await leftIn(fixture, 'hibernate')).toEqual([]);
    expect((await store.get(exportConfigs, ['us']))[0]).toBeDefined();
    clock.advance(200 * DAY);
    expect(await wakeServer(store, by)).toMatchObject({ kind: 'changed' });
    const window = unixMillis(Math.floor(clock.now() / HOUR) * HOUR);
    const keys = await fixture.publish(4, { window });
    await later(fixture, 6 * HOUR, 3 * HOUR);
    expect(await fixture.index()).toHaveLength(1);
    expect(await fixture.download()).toEqual(expect.arrayContaining([...keys]));
    expect((await fixture.batches()).filter(({ start }) => start < window - DAY)).toEqual([]);
    expect(fixture.log.events('export.archive_missing')).toEqual([]);
  });
});
