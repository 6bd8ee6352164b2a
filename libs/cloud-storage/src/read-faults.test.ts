import { machine } from '../../../test/support/machine.ts';
import type { BlobStore } from '@keyserver/export-file';
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { startDeafProxy } from '@keyserver/stand-ins/deaf-proxy';
import { type StorageOp } from '@keyserver/stand-ins/storage';
import { openCloudBuckets } from './index.ts';
import {
  ABSENT,
  BUCKET,
  HASTE,
  HEADERS,
  NAME,
  aBucket,
  bucketsOf,
  closeStandIns,
  content,
  contentIn,
  standIn,
  timersWithPause,
} from './testing/adapter-world.ts';

afterEach(closeStandIns);

const SMALL = content(5000);

async function namesIn(bucket: BlobStore): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of bucket.list('')) names.push(name);
  return names;
}

/** Everything a bucket can be asked, by name. */
const CALLS: Readonly<Record<string, (bucket: BlobStore) => Promise<unknown>>> = {
  find: async (bucket) => await bucket.find(NAME),
  read: async (bucket) => await bucket.read(NAME),
  put: async (bucket) => await bucket.put('v1/b.zip', SMALL.pieces(), ABSENT),
  delete: async (bucket) => {
    await bucket.delete(NAME);
  },
  list: namesIn,
};
const CALL_NAMES = Object.keys(CALLS);

describe('listing', () => {
  it('gives more objects than one page holds, each once, whatever befalls a page', async () => {
    const { server, bucket } = await aBucket({ server: { mostListed: 10 } });
    const wanted = Array.from({ length: 13 }, (_, n) => `v1/${String(n).padStart(4, '0')}.zip`);
    for (const name of wanted) await bucket.put(name, SMALL.pieces(), ABSENT);
    server.faults.cut({ op: 'list', when: 'after', times: 1, after: 1 });
    server.faults.fail({ op: 'list', status: 503, times: 1 });
    expect([...(await namesIn(bucket))].sort()).toEqual(wanted);
    expect(server.faults.calls('list')).toBe(4);
  });
});

describe('reading that is disturbed', () => {
  const disturbances = (['get', 'download'] as const).flatMap((op) =>
    (['before', 'middle', 'after'] as const).map((when) => ({ op, when })),
  );

  it.each(disturbances)('gives the whole content after a cut: $op, $when', async (cut) => {
    const { server, bucket } = await aBucket();
    await bucket.put(NAME, SMALL.pieces(), ABSENT);
    server.faults.cut({ ...cut, times: 2 });
    expect(await contentIn(bucket)).toBe(SMALL.sha256);
  });

  it.each(['get', 'download'] as const)('gives it after status 503: %s', async (op) => {
    const { server, bucket } = await aBucket();
    await bucket.put(NAME, SMALL.pieces(), ABSENT);
    server.faults.fail({ op, status: 503, times: 3 });
    expect(await contentIn(bucket)).toBe(SMALL.sha256);
  });

  it.each(['get', 'download'] as const)('gives it after no answer: %s', async (op) => {
    const { server, bucket } = await aBucket();
    await bucket.put(NAME, SMALL.pieces(), ABSENT);
    server.faults.hang({ op, times: 1 });
    const hasty = bucketsOf(server, { limits: HASTE }).openBucket(BUCKET);
    expect(await contentIn(hasty)).toBe(SMALL.sha256);
  });

  it('is a fault when the content has changed on its way', async () => {
    const { server, bucket } = await aBucket();
    await bucket.put(NAME, SMALL.pieces(), ABSENT);
    server.faults.corrupt({ op: 'download', times: 1 });
    await expect(bucket.read(NAME)).rejects.toMatchObject({ code: 'corrupted' });
  });
});

describe('a refusal', () => {
  it.each([
    ['download', async (bucket: BlobStore) => await bucket.read(NAME)],
    [
      'delete',
      async (bucket: BlobStore) => {
        await bucket.delete(NAME);
      },
    ],
  ] as const)('is a fault at once, and nothing is tried again: %s', async (op, call) => {
    const { server, bucket } = await aBucket();
    await bucket.put(NAME, SMALL.pieces(), ABSENT);
    server.faults.fail({ op, status: 403, times: 1 });
    await expect(call(bucket)).rejects.toMatchObject({ code: 'forbidden' });
    expect(server.faults.calls(op)).toBe(1);
    expect(server.objects(BUCKET)).toEqual([NAME]);
  });
});

describe('deleting that is disturbed', () => {
  it.each(['before', 'middle', 'after'] as const)('is done after a cut %s', async (when) => {
    const { server, bucket } = await aBucket();
    await bucket.put(NAME, SMALL.pieces(), ABSENT);
    server.faults.cut({ op: 'delete', when, times: 1 });
    await bucket.delete(NAME);
    expect(server.objects(BUCKET)).toEqual([]);
  });

  it('spares what was created after the deletion whose answer was lost', async () => {
    const { server, bucket: rival } = await aBucket();
    await rival.put(NAME, SMALL.pieces(), ABSENT);
    const recreate = async (): Promise<unknown> =>
      await rival.put(NAME, content(3).pieces(), ABSENT);
    const timers = timersWithPause(recreate);
    server.faults.cut({ op: 'delete', when: 'after', times: 1 });
    await bucketsOf(server, { timers }).openBucket(BUCKET).delete(NAME);
    expect(await rival.find(NAME)).toMatchObject({ size: 3 });
  });

  it('deletes an object that is replaced in between', async () => {
    const { server, bucket: rival } = await aBucket();
    const first = await rival.put(NAME, SMALL.pieces(), ABSENT);
    const expected = first === 'conflict' ? '' : first.generation;
    server.faults.fail({ op: 'delete', status: 412, times: 1 });
    await rival.put(NAME, content(3).pieces(), { headers: HEADERS, expected });
    await rival.delete(NAME);
    expect(server.objects(BUCKET)).toEqual([]);
  });

  it('gives up on an object that is always replaced in between', async () => {
    const { server, bucket } = await aBucket();
    await bucket.put(NAME, SMALL.pieces(), ABSENT);
    server.faults.fail({ op: 'delete', status: 412, times: 1000 });
    await expect(bucket.delete(NAME)).rejects.toThrow(/again and again/);
  });

  it('gives up on reading an object that is always replaced in between', async () => {
    const { server, bucket } = await aBucket();
    await bucket.put(NAME, SMALL.pieces(), ABSENT);
    server.faults.fail({ op: 'download', status: 404, times: 1000 });
    await expect(bucket.read(NAME)).rejects.toThrow(/again and again/);
  });
});

describe('a bucket that is not as it must be', () => {
  it.each(CALL_NAMES)(
    'is a fault, never an empty one, when it does not exist: %s',
    async (call) => {
      const server = await standIn();
      const bucket = bucketsOf(server).openBucket('elsewhere');
      await expect(CALLS[call]?.(bucket)).rejects.toMatchObject({ code: 'no_bucket' });
    },
  );

  it.each(CALL_NAMES)('is a fault at once when nothing is permitted: %s', async (call) => {
    const { server, bucket } = await aBucket({ server: { permissions: [] } });
    await expect(CALLS[call]?.(bucket)).rejects.toMatchObject({ code: 'forbidden' });
    const ops: StorageOp[] = ['get', 'insert', 'list'];
    expect(ops.reduce((sum, op) => sum + server.faults.calls(op), 0)).toBe(1);
  });

  it('passes the check when it is', async () => {
    const server = await standIn();
    await expect(bucketsOf(server).check(BUCKET)).resolves.toBeUndefined();
  });

  it('fails the check when it does not exist', async () => {
    const { check } = bucketsOf(await standIn());
    await expect(check('elsewhere')).rejects.toMatchObject({
      code: 'no_bucket',
      message: 'checking the bucket elsewhere failed: the bucket does not exist',
    });
  });

  it.each(['create', 'delete', 'get', 'list'])('fails the check without %s', async (verb) => {
    const all = ['create', 'delete', 'get', 'list'].filter((each) => each !== verb);
    const permissions = all.map((each) => `storage.objects.${each}`);
    const { check } = bucketsOf(await standIn({ permissions }));
    await expect(check(BUCKET)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining(`storage.objects.${verb}`) as string,
    });
  });

  it.each(['', 'a', 'Exports', '../etc', 'a/b', '-ab', 'ab-'])('cannot be named %j', (name) => {
    const { openBucket } = openCloudBuckets({ ...machine, projectId: 'demo' });
    expect(() => openBucket(name)).toThrow(RangeError);
  });

  it.each([0, 1, 1000, 256 * 1024 + 1])('cannot be written in chunks of %i bytes', (chunkBytes) => {
    expect(() => openCloudBuckets({ ...machine, projectId: 'demo', chunkBytes })).toThrow(
      RangeError,
    );
  });
});

describe('Cloud Storage that is away', () => {
  it.each(CALL_NAMES)('is a fault when nobody listens: %s', async (call) => {
    const { server, bucket } = await aBucket();
    await server.close();
    await expect(CALLS[call]?.(bucket)).rejects.toMatchObject({ code: 'away' });
  });

  describe('because it accepts connections and never answers', () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => sockets.add(socket));
    const limits = { callMillis: 100, contentMillis: 100, attempts: 2 };
    let url = '';

    beforeAll(async () => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    });

    afterAll(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });

    it.each(CALL_NAMES)('is a fault and holds nobody: %s', async (call) => {
      const bucket = bucketsOf({ url }, { limits }).openBucket(BUCKET);
      await expect(CALLS[call]?.(bucket)).rejects.toMatchObject({ code: 'away' });
    });

    it('fails the check', async () => {
      const { check } = bucketsOf({ url }, { limits });
      await expect(check(BUCKET)).rejects.toMatchObject({ code: 'away' });
    });
  });
});

it('goes on by a new connection when the first has died unheard', async () => {
  const server = await standIn();
  const network = await startDeafProxy(new URL(server.url).host);
  const through = { url: `http://${network.address}` };
  const bucket = bucketsOf(through, { limits: HASTE }).openBucket(BUCKET);
  await bucket.put(NAME, SMALL.pieces(), ABSENT);
  const before = network.connections();
  network.deafen();
  expect(await contentIn(bucket)).toBe(SMALL.sha256);
  expect(network.connections()).toBeGreaterThan(before);
  await network.close();
});
