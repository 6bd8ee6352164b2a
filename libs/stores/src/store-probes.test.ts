import { machine } from '../../../test/support/machine.ts';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type DocumentStore, StoreFault } from '@keyserver/docstore';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import { unixMillis } from '@keyserver/time';
import { appDocument, authorizedApps } from './configuration.ts';
import { exportBatches } from './export-batch-document.ts';
import { keyBatches, keyBatchDocument, SHARDS } from './key-batch-document.ts';
import {
  type StoreProbe,
  healthProbes,
  probeExports,
  probeUploads,
  probeWriting,
} from './store-probes.ts';

const HASHES_EACH = 300;

let dataDirectory: string;
let platform: LocalPlatform | undefined;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'probes-'));
});
afterEach(async () => {
  await platform?.close();
  platform = undefined;
  await rm(dataDirectory, { recursive: true });
});

const open = async (): Promise<DocumentStore> => {
  platform = await openLocalPlatform({ ...machine, dataDirectory });
  return platform.store;
};

/** Keys in every shard, whose hashes are enough for a run of the array index. */
async function fill(): Promise<void> {
  const store = await open();
  await store.transact((tx) => {
    for (let shard = 0; shard < SHARDS; shard++)
      tx.create(keyBatches, `batch-${String(shard)}`, {
        ...aBatch(),
        shard,
        keyHashes: hashesOf(shard),
      });
    tx.set(
      authorizedApps,
      'app',
      appDocument({
        id: 'app',
        regions: [],
        authorities: [],
        bypassCertificate: false,
        bypassRevisionToken: false,
      }),
    );
    return Promise.resolve();
  });
  await platform?.close();
  platform = undefined;
}

const hashesOf = (shard: number): number[] =>
  Array.from({ length: HASHES_EACH }, (_, n) => shard + SHARDS * n);

const aBatch = () =>
  keyBatchDocument(
    {
      ...{ window: unixMillis(Date.now()), kind: 'primary', origin: 'local', sourceId: '' },
      ...{ regions: ['US'], traveler: false, app: 'app', records: new Uint8Array(0) },
    },
    {
      ...{ window: 3_600_000 as never, retention: 1e9, maxKeyAge: 1e9, hashKey: () => 0 },
    },
    systemRandom,
  );

function damage(statements: string): void {
  const db = new DatabaseSync(join(dataDirectory, 'keyserver.sqlite'));
  db.exec(statements);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

/** Leaves nothing of the array index but the first pages, in which SQLite finds the others. */
function damageArrayIndex(): void {
  const name = readdirSync(dataDirectory).find((each) => /^array-index\..*sqlite$/.test(each))!;
  const path = join(dataDirectory, name);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xa5, 3 * 2048));
}

const outcomeOf = async (probe: StoreProbe): Promise<unknown> => {
  try {
    await probe();
    return 'well';
  } catch (fault) {
    return fault instanceof StoreFault ? fault.details.object : fault;
  }
};
const outcomes = async (probe: StoreProbe, times: number): Promise<unknown[]> => {
  const all: unknown[] = [];
  for (let n = 0; n < times; n++) all.push(await outcomeOf(probe));
  return all;
};

describe('the probe of uploads', () => {
  it('is content with a store that has no keys yet, and with one that has', async () => {
    expect(await outcomes(probeUploads(await open(), systemRandom), 2)).toEqual(['well', 'well']);
    await platform?.close();
    await fill();
    expect(await outcomes(probeUploads(await open(), systemRandom), 9)).toEqual(
      Array(9).fill('well'),
    );
  });

  it('finds out soon that the array index is damaged, and then stays with it', async () => {
    await fill();
    damageArrayIndex();
    const probe = probeUploads(await open(), systemRandom);
    const found = await outcomes(probe, 20);
    const first = found.indexOf('array index');
    expect(first).toBeGreaterThanOrEqual(0);
    expect(new Set(found.slice(first))).toEqual(new Set(['array index']));
  });

  it.each(['keyBatches', 'authorizedApps', 'healthAuthorities'])(
    'notices that %s cannot be read',
    async (name) => {
      const store = await open();
      await probeUploads(store, systemRandom)();
      damage(`DROP TABLE "${name}"; CREATE TABLE "${name}" (id TEXT)`);
      await expect(probeUploads(store, systemRandom)()).rejects.toMatchObject({
        problem: 'store_damaged',
        details: { object: name },
      });
    },
  );
});

describe('the probe of exports', () => {
  it('is content with an empty store', async () => {
    await expect(probeExports(await open(), systemRandom)()).resolves.toBeUndefined();
  });

  it.each([
    'keyBatches',
    'exportBatches',
    'exportProgress',
    'leases',
    'exportConfigs',
    'signingKeys',
  ])('notices that %s cannot be read', async (name) => {
    const store = await open();
    await probeExports(store, systemRandom)();
    damage(`DROP TABLE "${name}"; CREATE TABLE "${name}" (id TEXT)`);
    await expect(probeExports(store, systemRandom)()).rejects.toMatchObject({
      problem: 'store_damaged',
      details: { object: name },
    });
  });

  it('asks for nothing that is not indexed', () => {
    expect(exportBatches.layout.indexes).toEqual([
      ['config', 'state', 'end'],
      ['state', 'end'],
      ['expireAt'], // by which cleanup deletes
    ]);
  });
});

describe('the probe of writing', () => {
  it('writes one document of its own, again and again', async () => {
    const store = await open();
    const probe = probeWriting(store, systemRandom);
    await probe();
    await probe();
    const written: unknown[] = [];
    for await (const page of store.pages(healthProbes, {})) written.push(...page);
    expect(written).toHaveLength(1);
  });

  it('notices that nothing can be written', async () => {
    const store = await open();
    const probe = probeWriting(store, systemRandom);
    await probe();
    damage(
      `CREATE TRIGGER no BEFORE INSERT ON "healthProbes" BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    await expect(probe()).rejects.toMatchObject({ details: { object: 'healthProbes' } });
  });
});
