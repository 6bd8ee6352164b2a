import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createIn,
  failedWith,
  makeDirectory,
  nameOnce,
  removeFile,
  writeDurably,
} from './durable-files.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keyserver-durable-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('what a power failure must not take', () => {
  it('is a file, synced once after its last piece and before it is closed', async () => {
    const done: string[] = [];
    const note = async (what: string): Promise<void> => {
      await Promise.resolve();
      done.push(what);
    };
    const file = {
      writeFile: async (piece: unknown) => {
        await note(`write ${String(piece)}`);
      },
      sync: async () => {
        await note('sync');
      },
      close: async () => {
        await note('close');
      },
    };
    await writeDurably(file, [Buffer.from('one'), Buffer.from('two')]);
    expect(done).toEqual(['write one', 'write two', 'sync', 'close']);
  });

  it('is the entry of every directory that was made, in the one above it', async () => {
    const synced: string[] = [];
    const sync = async (path: string): Promise<void> => {
      await Promise.resolve();
      synced.push(path);
    };
    await makeDirectory(join(root, 'a', 'b'), 0o700, sync);
    expect(synced).toEqual([join(root, 'a'), root]);
    await makeDirectory(join(root, 'a', 'b'), 0o700, sync);
    expect(synced).toHaveLength(2);
  });
});

describe('files that survive a crash', () => {
  it('are written whole, in directories made for them', async () => {
    const file = await createIn(join(root, 'a', 'b'), 'c');
    expect(await writeDurably(file, [Buffer.from('one '), Buffer.from('two')])).toBe(7);
    expect(await readFile(join(root, 'a', 'b', 'c'), 'utf8')).toBe('one two');
  });

  it('are never created over another', async () => {
    await writeFile(join(root, 'c'), 'first');
    await expect(createIn(root, 'c')).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it('cannot be created where a file is in the way', async () => {
    await writeFile(join(root, 'c'), 'first');
    await expect(createIn(join(root, 'c', 'd'), 'e')).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('are created although their directory is being swept away', async () => {
    const directory = join(root, 'a', 'b');
    const sweep = async (): Promise<void> => {
      for (let n = 0; n < 10; n++) {
        await rm(join(root, 'a'), { recursive: true, force: true }).catch(() => undefined);
      }
    };
    const swept = sweep();
    const created = Promise.all(
      ['1', '2', '3'].map(async (name) => {
        await (await createIn(directory, name)).close();
      }),
    );
    await expect(created).resolves.toHaveLength(3);
    await swept;
  });

  it('get their name once', async () => {
    await writeFile(join(root, 'one'), '1');
    await writeFile(join(root, 'two'), '2');
    expect(await nameOnce(join(root, 'one'), join(root, 'final'))).toBe(true);
    expect(await nameOnce(join(root, 'two'), join(root, 'final'))).toBe(false);
    expect(await readdir(root)).toEqual(['final']);
    expect(await readFile(join(root, 'final'), 'utf8')).toBe('1');
  });

  it('get no name in a directory that is gone', async () => {
    await writeFile(join(root, 'one'), '1');
    const named = nameOnce(join(root, 'one'), join(root, 'gone', 'final'));
    await expect(named).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('count as removed when they are missing, and a directory is no file', async () => {
    await expect(removeFile(join(root, 'nothing'))).resolves.toBeUndefined();
    await mkdir(join(root, 'directory'));
    const refused = /^(EISDIR|EPERM)$/; // as Linux says, and others
    await expect(removeFile(join(root, 'directory'))).rejects.toMatchObject({
      code: expect.stringMatching(refused) as string,
    });
  });
});

it.each([undefined, null, 'ENOENT', new Error('ENOENT'), { code: 'EEXIST' }, { code: 2 }])(
  'does not take %p for a missing file',
  (error) => {
    expect(failedWith(error, 'ENOENT')).toBe(false);
  },
);
