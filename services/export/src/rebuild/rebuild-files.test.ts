import { auditedSteps } from '@keyserver/stores/testing';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { seededRandom } from '@keyserver/random/testing';
import { DAY } from '@keyserver/time';
import { anExport, hour } from '../testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from '../testing/export-fixture.ts';
import { findDamage } from './find-damage.ts';
import { type Rebuilt, type RebuildDeps, rebuildFiles } from './rebuild-files.ts';

const { signal } = new AbortController();
let fixture: ExportFixture;
let deps: RebuildDeps;
let keys: readonly string[];

beforeEach(async () => {
  fixture = await openExportFixture();
  deps = { ...fixture.deps, store: fixture.store, random: seededRandom('rebuild') };
  await fixture.configure(anExport());
  keys = [
    ...(await fixture.publish(12, { window: hour(9) })),
    ...(await fixture.publish(12, { window: hour(10) })),
  ];
  await fixture.run();
});
afterEach(closeTestStores);

const bucket = () => fixture.deps.openBucket('exports');
const find = async () => await findDamage(deps, signal);
const mend = async () => await rebuildFiles(deps, await find(), { actor: 'alex', signal });

const audited = async () => await auditedSteps(fixture.store);

describe('looking for broken files', () => {
  it('finds nothing in a whole bucket, and changes nothing', async () => {
    expect(await find()).toMatchObject({ batches: [], documents: [] });
    expect(await audited()).toEqual([]);
  });

  it('names what is missing, damaged and outdated', async () => {
    const [first = '', second = ''] = (await fixture.index()) ?? [];
    await bucket().delete(first);
    await replace(second, 'no archive');
    await replace('us/index.txt', first);
    await bucket().delete('us/keys.json');
    const { batches, documents } = await find();
    expect(batches.flatMap(({ files }) => files)).toEqual([
      { name: first, problem: 'missing' },
      { name: second, problem: 'damaged' },
    ]);
    expect(batches.map(({ whyNot }) => whyNot)).toEqual([undefined, undefined]);
    expect(documents).toEqual([
      { bucket: 'exports', name: 'us/index.txt', problem: 'outdated' },
      { bucket: 'exports', name: 'us/keys.json', problem: 'missing' },
    ]);
    expect(await bucket().find(first)).toBeUndefined();
  });

  it.each([
    [['index.txt'], ['us/index.txt']],
    [['keys.json'], ['us/keys.json']],
    [
      ['index.txt', 'keys.json'],
      ['us/index.txt', 'us/keys.json'],
    ],
  ])('names what is missing of %j', async (lost, named) => {
    for (const name of lost) await bucket().delete(`us/${name}`);
    const { documents } = await find();
    expect(documents).toEqual(
      named.map((name) => ({ bucket: 'exports', name, problem: 'missing' })),
    );
  });

  it('misses nothing of an export that has listed nothing yet, unless something was there', async () => {
    await fixture.configure(anExport({ id: 'ca', outputRegion: 'CA', filenameRoot: 'ca' }));
    expect((await find()).documents).toEqual([]);
    await replace('ca/keys.json', '[]');
    expect((await find()).documents).toMatchObject([{ name: 'ca/index.txt', problem: 'missing' }]);
    await replace('ca/index.txt', '');
    await bucket().delete('ca/keys.json');
    expect((await find()).documents).toMatchObject([{ name: 'ca/keys.json', problem: 'missing' }]);
  });
});

async function replace(name: string, text: string): Promise<void> {
  const found = await bucket().find(name);
  const headers = { contentType: 'a/b', cacheControl: 'no-cache', digest: 'd' };
  await bucket().put(name, words(text), { headers, expected: found?.generation ?? 'absent' });
}

async function* nothing(): AsyncGenerator<never> {
  await Promise.resolve();
  yield* [];
}

async function* words(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

describe('making files anew', () => {
  it('gives an emptied bucket the very contents that it had', async () => {
    const before = await fixture.batches();
    for await (const { name } of bucket().list('')) await bucket().delete(name);
    expect(await mend()).toEqual({ madeAnew: 2, unlisted: 0 });
    expect((await fixture.download()).toSorted()).toEqual(expect.arrayContaining([...keys].sort()));
    expect(await fixture.batches()).toEqual(before);
    expect(await find()).toMatchObject({ batches: [], documents: [] });
  });

  it('tells after every batch how far it has come', async () => {
    for await (const { name } of bucket().list('')) await bucket().delete(name);
    const looked: number[] = [];
    const damage = await findDamage(deps, signal, (batches) => looked.push(batches));
    expect(looked.length).toBeGreaterThan(1);
    expect(looked).toEqual(looked.map((_, n) => n + 1));
    const told: Rebuilt[] = [];
    const mended = (sofar: Rebuilt) => told.push(sofar);
    await rebuildFiles(deps, damage, { actor: 'alex', signal, mended });
    expect(told).toEqual([1, 2].map((madeAnew) => ({ madeAnew, unlisted: 0 })));
  });

  it('puts an archive in the place of a damaged one', async () => {
    const [first = ''] = (await fixture.index()) ?? [];
    await replace(first, 'no archive');
    expect(await mend()).toEqual({ madeAnew: 1, unlisted: 0 });
    expect(await fixture.download()).toEqual(expect.arrayContaining([...keys]));
  });

  it('unlists what cannot be made anew, and says so for ever', async () => {
    const [first = '', second = ''] = (await fixture.index()) ?? [];
    fixture.signers.delete('key-of-k1');
    await bucket().delete(first);
    const damage = await find();
    expect(damage.batches.map(({ whyNot }) => whyNot)).toEqual(['signer_gone']);
    expect(await mend()).toEqual({ madeAnew: 0, unlisted: 1 });
    expect(await fixture.index()).toEqual([second]);
    expect((await find()).batches).toEqual([]);
    expect(await audited()).toMatchObject([
      { actor: 'alex', operation: 'store.rebuild', changes: [{ action: 'remove' }] },
    ]);
  });

  it('never lists other contents under a name once the keys have expired', async () => {
    const [first = ''] = (await fixture.index()) ?? [];
    await bucket().delete(first);
    const expired = { ...deps, readKeyBatches: () => nothing() };
    expect((await findDamage(expired, signal)).batches[0]?.whyNot).toBe('keys_expired');
  });

  it('signs with a key that signs nothing new any more', async () => {
    const [first = ''] = (await fixture.index()) ?? [];
    await bucket().delete(first);
    fixture.clock.advance(DAY);
    expect(await mend()).toEqual({ madeAnew: 1, unlisted: 0 });
  });

  it('can be repeated', async () => {
    const [first = ''] = (await fixture.index()) ?? [];
    await bucket().delete(first);
    await mend();
    expect(await mend()).toEqual({ madeAnew: 0, unlisted: 0 });
  });
});
