import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openLocalPlatform } from '@keyserver/local';
import { testAmbient } from '@keyserver/platform/testing';
import { SHARDS, keyBatches } from '@keyserver/stores';
import { simulatedClock } from '@keyserver/time';
import { machine } from '../../../test/support/machine.ts';
import { startPublish } from './index.ts';
import { makeDataKey } from './testing/data-key.ts';
import { NOW } from './testing/uploads.ts';

const HASHES_EACH = 300; // so many that the array index has pages below its root
const PAST_ALL_PACES = 120_000; // ms: by then health reads and writes again

const clock = simulatedClock(NOW);
let directory: string;
let file: string;
let service: Awaited<ReturnType<typeof startPublish>>;
const ambient = testAmbient('publish', { clock });
const { lines } = ambient;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'damaged-'));
  file = join(directory, 'keyserver.sqlite');
  await fill();
  lines.length = 0;
  service = await startPublish({ PORT: '0', DATA_DIR: directory }, ambient);
});

afterEach(async () => {
  await service.close();
  rmSync(directory, { recursive: true });
});

/** Keys in every shard. */
async function fill(): Promise<void> {
  const { store, wrapperFor, close } = await openLocalPlatform({
    ...machine,
    dataDirectory: directory,
    clock,
  });
  for (let shard = 0; shard < SHARDS; shard++)
    await store.transact((tx) => {
      tx.create(keyBatches, `batch-${String(shard)}`, {
        ...{ shard, window: 0, kind: 'primary', origin: 'local', sourceId: '', regions: ['US'] },
        ...{ traveler: false, app: 'app', records: new Uint8Array(), expireAt: NOW * 2 },
        keyHashes: Array.from({ length: HASHES_EACH }, (_, k) => shard + SHARDS * k),
      });
      return Promise.resolve();
    });
  await makeDataKey(store, wrapperFor('revision-token'));
  await close();
}

/** Does something to a file that the service has open. */
function damage<T>(path: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path, { timeout: 5000 });
  try {
    const done = work(db);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return done;
  } finally {
    db.close();
  }
}

// So that the service does not go by what it has in memory.
const READ_AGAIN = 'CREATE TABLE passing (id INT); DROP TABLE passing';

function overwriteRootPageOf(table: string): void {
  const at = damage(file, (db) => {
    db.exec(READ_AGAIN);
    const { root } = db
      .prepare('SELECT rootpage AS root FROM sqlite_master WHERE name = ?')
      .get(table)!;
    const { page_size: size } = db.prepare('PRAGMA page_size').get()!;
    return (Number(root) - 1) * Number(size);
  });
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(200, 0xa5), 0, 200, at);
  closeSync(handle);
}

/** Leaves nothing of the array index but the first pages, in which SQLite finds the others. */
function overwriteArrayFile(): void {
  const name = readdirSync(directory).find((each) => /^array-index\..*sqlite$/.test(each))!;
  const path = join(directory, name);
  damage(path, (db) => {
    db.exec(READ_AGAIN);
  });
  const kept = 3 * 2048;
  const rest = statSync(path).size - kept;
  const handle = openSync(path, 'r+');
  writeSync(handle, Buffer.alloc(rest, 0xa5), 0, rest, kept);
  closeSync(handle);
}

const health = async (): Promise<unknown> => {
  clock.advance(PAST_ALL_PACES);
  return await (await fetch(`${service.url}/health`)).json();
};

/** Health after so many askings that one of them has met the damage: each looks at some of the keys. */
const healthInTheEnd = async (): Promise<unknown> => {
  for (let asking = 0; asking < 20; asking++) if ((await answered()) !== 200) break;
  return await health();
};

const answered = async (): Promise<number> => {
  clock.advance(PAST_ALL_PACES);
  return (await fetch(`${service.url}/health`)).status;
};

/** What the event of the damage says of where it is. */
function toldOf(): unknown {
  const line = lines.find((each) => each.includes('"service.unhealthy"')) ?? '{}';
  const { causes = [] } = JSON.parse(line) as { causes?: { detail?: unknown }[] };
  return causes.map(({ detail }) => detail);
}

const DAMAGED = { status: 'unhealthy', problems: ['store_damaged'] };

describe('a publish service whose database is damaged while it runs', () => {
  it('tells of a broken page of the stored keys, with SQLite’s code, the table and the file', async () => {
    expect(await health()).toEqual({ status: 'ok' });
    overwriteRootPageOf('keyBatches');
    expect(await health()).toEqual(DAMAGED);
    expect(toldOf()).toContainEqual(
      expect.objectContaining({ code: 'SQLITE_CORRUPT', object: 'keyBatches', path: file }),
    );
  });

  it('tells of an array index that is damaged, with SQLite’s code and the file', async () => {
    expect(await health()).toEqual({ status: 'ok' });
    overwriteArrayFile();
    expect(await healthInTheEnd()).toEqual(DAMAGED);
    expect(toldOf()).toContainEqual(
      expect.objectContaining({ code: 'SQLITE_CORRUPT', path: file }),
    );
  });
});
