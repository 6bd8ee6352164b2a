import { createRequire } from 'node:module';
import { checksumsOf } from './checksums.ts';
import { type StorageStandIn, startStorageStandIn } from './start-storage.ts';

/** As much of the real client as these tests use; only libs/cloud-storage may import it. */
interface Client {
  bucket(name: string): {
    file(name: string, options?: { generation?: string }): ClientFile;
    getFiles(query: object): Promise<[readonly { readonly name: string }[], object | null]>;
    iam: { testPermissions(names: readonly string[]): Promise<[Record<string, boolean>]> };
  };
}

interface ClientFile {
  save(content: string | Buffer, options?: object): Promise<void>;
  download(options?: object): Promise<[Buffer]>;
  getMetadata(options?: object): Promise<[Record<string, unknown>]>;
  exists(): Promise<[boolean]>;
  delete(options?: object): Promise<unknown>;
  createResumableUpload(options?: object): Promise<[string]>;
}

const fromClient = createRequire(
  new URL('../../../libs/cloud-storage/package.json', import.meta.url),
);
const { Storage } = fromClient('@google-cloud/storage') as {
  Storage: new (options: object) => Client;
};

const GRAIN = 256 * 1024;

let server: StorageStandIn;
let bucket: ReturnType<Client['bucket']>;

const clientOf = ({ url }: StorageStandIn): Client => {
  const retryOptions = { autoRetry: false };
  return new Storage({ projectId: 'demo', apiEndpoint: url, retryOptions });
};

beforeEach(async () => {
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  server = await startStorageStandIn({ buckets: ['exports', 'others'], cdn: true });
  bucket = clientOf(server).bucket('exports');
});

afterEach(async () => {
  await server.close();
});

/** The status of a refusal, which the client tells in one of two ways. */
async function statusOf(refused: Promise<unknown>): Promise<unknown> {
  const error = await refused.then(
    (): { status?: unknown; code?: unknown } => ({}),
    (reason: unknown) => reason as { status?: unknown; code?: unknown },
  );
  return error.status ?? error.code;
}

const UPLOADS = {
  'in one request': { resumable: false },
  'as a resumable upload': { resumable: true },
  'as a resumable upload in chunks': { resumable: true, chunkSize: GRAIN },
};
const uploads = Object.entries(UPLOADS);

describe('objects through the real client', () => {
  it('come back as they were saved', async () => {
    await bucket.file('v1/a').save('content', { resumable: false, validation: 'crc32c' });
    const [back] = await bucket.file('v1/a').download({ validation: 'crc32c' });
    expect(String(back)).toBe('content');
  });

  it.each(uploads)('are whole, saved %s', async (_how, options) => {
    const content = Buffer.alloc(3 * GRAIN + 17, 'content ');
    await bucket.file('v1/a').save(content, { ...options, validation: 'crc32c' });
    const [found] = await bucket.file('v1/a').getMetadata();
    expect(found).toMatchObject({ size: String(content.length), ...checksumsOf(content) });
  });

  it.each([true, false])('may be empty, saved as a resumable upload: %s', async (resumable) => {
    await bucket.file('v1/empty').save('', { resumable });
    expect((await bucket.file('v1/empty').getMetadata())[0]).toMatchObject({ size: '0' });
  });

  it.each(uploads)('keep what is said of them, saved %s', async (_how, options) => {
    const said = { cacheControl: 'public, max-age=60', metadata: { digest: 'abc' } };
    const metadata = { ...said, contentType: 'application/zip' };
    await bucket.file('v1/a').save('content', { ...options, metadata });
    const [found] = await bucket.file('v1/a').getMetadata();
    expect(found).toMatchObject({ ...metadata, name: 'v1/a', bucket: 'exports', size: '7' });
    expect(found).toMatchObject({ metageneration: '1', crc32c: expect.any(String) as string });
  });

  it.each(uploads)('are refused under another checksum, saved %s', async (_how, options) => {
    const metadata = { crc32c: 'AAAAAA==' };
    const saved = bucket.file('v1/a').save('content', { ...options, metadata, validation: false });
    await expect(saved).rejects.toMatchObject({ code: 400 });
    expect(server.objects('exports')).toEqual([]);
  });

  it.each(uploads)('are created once when they must be absent, saved %s', async (_how, options) => {
    const preconditionOpts = { ifGenerationMatch: 0 };
    await bucket.file('v1/a').save('first', { ...options, preconditionOpts });
    const again = bucket.file('v1/a').save('second', { ...options, preconditionOpts });
    expect(await statusOf(again)).toBe(412);
    expect(String((await bucket.file('v1/a').download())[0])).toBe('first');
  });

  it('are replaced in exactly the generation that is expected', async () => {
    const file = bucket.file('v1/a');
    await file.save('first', { resumable: false });
    const [{ generation }] = await file.getMetadata();
    const options = { resumable: false, preconditionOpts: { ifGenerationMatch: generation } };
    await file.save('second', options);
    await expect(file.save('third', options)).rejects.toMatchObject({ code: 412 });
    expect(String((await file.download())[0])).toBe('second');
  });

  it('have one generation only, and each a higher one', async () => {
    const generations: number[] = [];
    for (const content of ['first', 'second', 'third']) {
      await bucket.file('v1/a').save(content, { resumable: false });
      generations.push(Number((await bucket.file('v1/a').getMetadata())[0]['generation']));
    }
    expect(generations).toEqual([...new Set(generations)].sort((a, b) => a - b));
    const older = bucket.file('v1/a', { generation: String(generations[0]) });
    await expect(older.download()).rejects.toMatchObject({ code: 404 });
  });

  it('are read under preconditions', async () => {
    const file = bucket.file('v1/a');
    await file.save('content', { resumable: false });
    const [{ generation }] = await file.getMetadata();
    const read = async (condition: object): Promise<unknown> => await file.getMetadata(condition);
    const described = [{ generation, size: '7' }, {}];
    await expect(read({ ifGenerationMatch: generation })).resolves.toMatchObject(described);
    await expect(read({ ifMetagenerationMatch: 1 })).resolves.toMatchObject(described);
    await expect(read({ ifGenerationMatch: 1 })).rejects.toMatchObject({ code: 412 });
    await expect(read({ ifMetagenerationMatch: 2 })).rejects.toMatchObject({ code: 412 });
    await expect(read({ ifGenerationNotMatch: generation })).rejects.toMatchObject({ code: 304 });
    await expect(read({ ifMetagenerationNotMatch: 1 })).rejects.toMatchObject({ code: 304 });
  });

  it('are read in part', async () => {
    await bucket.file('v1/a').save('0123456789', { resumable: false });
    const part = async (range: object): Promise<string> =>
      String((await bucket.file('v1/a').download(range))[0]);
    expect(await part({ start: 2, end: 4 })).toBe('234');
    expect(await part({ start: 8 })).toBe('89');
    expect(await part({ end: -3 })).toBe('789');
    await expect(part({ start: 10 })).rejects.toMatchObject({ code: 416 });
  });

  it('are deleted under preconditions, and then they are missing', async () => {
    const file = bucket.file('v1/a');
    await file.save('content', { resumable: false });
    await expect(file.delete({ ifGenerationMatch: 1 })).rejects.toMatchObject({ code: 412 });
    await file.delete();
    await expect(file.delete()).rejects.toMatchObject({ code: 404 });
    await expect(file.getMetadata()).rejects.toMatchObject({ code: 404 });
    await expect(file.download()).rejects.toMatchObject({ code: 404 });
  });

  it('have any name that the cloud allows', async () => {
    const names = ['é ü/ß.txt', 'a%2Fb', 'q?x=1#h', 'sp ace+plus'];
    for (const name of names) await bucket.file(name).save(name, { resumable: false });
    for (const name of names) {
      expect(String((await bucket.file(name).download())[0])).toBe(name);
    }
    expect(server.objects('exports').toSorted()).toEqual(names.toSorted());
  });

  it.each(['n'.repeat(1025), 'ü'.repeat(513)])('have no name as long as %s', async (name) => {
    const saved = bucket.file(name).save('x', { resumable: false });
    await expect(saved).rejects.toMatchObject({ code: 400 });
  });

  it('of two buckets are apart', async () => {
    await bucket.file('v1/a').save('content', { resumable: false });
    expect(await clientOf(server).bucket('others').file('v1/a').exists()).toEqual([false]);
  });
});

describe('a list of objects', () => {
  beforeEach(async () => {
    for (const name of ['b/1', 'a/2', 'a/1', 'a/3', 'a']) {
      await bucket.file(name).save('x', { resumable: false });
    }
  });

  it('has the names with a prefix in order', async () => {
    const [files] = await bucket.getFiles({ prefix: 'a/' });
    expect(files.map(({ name }) => name)).toEqual(['a/1', 'a/2', 'a/3']);
  });

  it('comes in pages', async () => {
    const pages: string[][] = [];
    let query: object | null = { maxResults: 2, autoPaginate: false };
    while (query !== null) {
      const answer: Awaited<ReturnType<typeof bucket.getFiles>> = await bucket.getFiles(query);
      pages.push(answer[0].map(({ name }) => name));
      query = answer[1];
    }
    expect(pages).toEqual([['a', 'a/1'], ['a/2', 'a/3'], ['b/1']]);
  });
});

describe('a bucket that was never created', () => {
  it('is not there for anybody', async () => {
    const file = clientOf(server).bucket('nowhere').file('v1/a');
    const missing = { code: 404 };
    await expect(file.save('x', { resumable: false })).rejects.toMatchObject(missing);
    await expect(file.createResumableUpload()).rejects.toMatchObject({ status: 404 });
    await expect(file.download()).rejects.toMatchObject(missing);
    await expect(file.getMetadata()).rejects.toMatchObject(missing);
    await expect(file.delete()).rejects.toMatchObject(missing);
    const listed = clientOf(server).bucket('nowhere').getFiles({});
    await expect(listed).rejects.toMatchObject(missing);
    expect(server.objects('nowhere')).toEqual([]);
  });
});

describe('permissions', () => {
  it('are told and enforced', async () => {
    const permissions = ['storage.objects.get', 'storage.objects.create'];
    const strict = await startStorageStandIn({ buckets: ['exports'], permissions });
    try {
      const theirs = clientOf(strict).bucket('exports');
      const asked = ['storage.objects.get', 'storage.objects.delete'];
      const [granted] = await theirs.iam.testPermissions(asked);
      expect(granted).toEqual({ 'storage.objects.get': true, 'storage.objects.delete': false });
      await theirs.file('v1/a').save('content', { resumable: false });
      await expect(theirs.file('v1/a').delete()).rejects.toMatchObject({ code: 403 });
      await expect(theirs.getFiles({})).rejects.toMatchObject({ code: 403 });
    } finally {
      await strict.close();
    }
  });
});
