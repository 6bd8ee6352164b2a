import { machine } from '../../../test/support/machine.ts';
import { describeBlobStore, pieces } from '@keyserver/export-file/testing';
import {
  DAY,
  HOUR,
  MINUTE,
  type SimulatedClock,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type BucketDirectory, openBucketDirectory } from './objects.ts';

const headers = { contentType: 'text/plain', cacheControl: 'no-cache', digest: 'd' };
const roots: string[] = [];

async function newRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'keyserver-objects-'));
  roots.push(root);
  return root;
}

afterAll(async () => {
  for (const root of roots) await rm(root, { recursive: true, force: true });
});

describeBlobStore('a directory', async () => {
  const root = await newRoot();
  return {
    bucket: openBucketDirectory(root, machine).openBucket('exports'),
    other: openBucketDirectory(root, machine).openBucket('exports'),
  };
});

async function aged(): Promise<{ root: string; clock: SimulatedClock; files: BucketDirectory }> {
  const root = await newRoot();
  const clock = simulatedClock(unixMillis(Date.now()));
  return { root, clock, files: openBucketDirectory(root, { ...machine, clock }) };
}

const put = async (files: BucketDirectory, name: string, content: string): Promise<void> => {
  const bucket = files.openBucket('exports');
  const expected = (await bucket.find(name))?.generation ?? 'absent';
  await bucket.put(name, pieces(content), { headers, expected });
};

const filesIn = async (...path: string[]): Promise<string[]> =>
  (await readdir(join(...path))).toSorted();

describe('buckets of a directory', () => {
  it.each(['', '.', '..', 'a', 'A/b', 'Exports', '../etc', 'a/b', 'a\\b', '-ab', 'ab-'])(
    'there is no bucket named %j',
    async (name) => {
      const files = openBucketDirectory(await newRoot(), machine);
      expect(() => files.openBucket(name)).toThrow(RangeError);
      expect(await files.openObject(name, 'index.txt')).toBeUndefined();
    },
  );

  it('keeps objects of two buckets apart', async () => {
    const files = openBucketDirectory(await newRoot(), machine);
    await put(files, 'v1/index.txt', 'here');
    expect(await files.openBucket('elsewhere').find('v1/index.txt')).toBeUndefined();
  });

  it('keeps an object that is held open readable after its deletion', async () => {
    const files = openBucketDirectory(await newRoot(), machine);
    await put(files, 'v1/a.zip', 'held');
    const held = await files.openObject('exports', 'v1/a.zip');
    await files.openBucket('exports').delete('v1/a.zip');
    expect(await held?.content.readFile('utf8')).toBe('held');
    await held?.content.close();
  });

  it('opens nothing under a name that no object can have', async () => {
    const files = openBucketDirectory(await newRoot(), machine);
    expect(await files.openObject('exports', '../exports/v1')).toBeUndefined();
  });
});

describe('what is left on the disk', () => {
  it('keeps a replaced generation for ten minutes', async () => {
    const { root, clock, files } = await aged();
    await put(files, 'index.txt', 'first');
    await put(files, 'index.txt', 'second');
    clock.advance(9 * MINUTE);
    await files.sweep();
    expect(await filesIn(root, 'exports', 'index.txt')).toHaveLength(4);
    clock.advance(2 * MINUTE);
    await files.sweep();
    const left = await filesIn(root, 'exports', 'index.txt');
    expect(left.filter((name) => !name.endsWith('.content'))).toEqual(['@2.json']);
    expect(left).toHaveLength(2);
    expect(await files.openBucket('exports').find('index.txt')).toMatchObject({ size: 6 });
  });

  it('deletes the content of all generations at once', async () => {
    const { root, files } = await aged();
    await put(files, 'v1/a.zip', 'first');
    await put(files, 'v1/a.zip', 'second');
    await files.openBucket('exports').delete('v1/a.zip');
    expect(await filesIn(root, 'exports', 'v1', 'a.zip')).toEqual(['@3.json']);
  });

  it('forgets after a day that an object was deleted', async () => {
    const { root, clock, files } = await aged();
    await put(files, 'v1/a.zip', 'first');
    await files.openBucket('exports').delete('v1/a.zip');
    clock.advance(23 * HOUR);
    await files.sweep();
    expect(await filesIn(root, 'exports', 'v1', 'a.zip')).toEqual(['@2.json']);
    clock.advance(2 * HOUR);
    await files.sweep();
    await expect(filesIn(root, 'exports')).rejects.toMatchObject({ code: 'ENOENT' });
    await put(files, 'v1/a.zip', 'again');
    expect(await files.openBucket('exports').find('v1/a.zip')).toMatchObject({ size: 5 });
  });

  it('sweeps the leftovers of a killed writer after a day, not before', async () => {
    const { root, clock, files } = await aged();
    await put(files, 'a.zip', 'whole');
    await writeFile(join(root, 'exports', 'a.zip', '@orphan.content'), 'half');
    await writeFile(join(root, 'exports', 'a.zip', '@orphan.record'), '{');
    clock.advance(DAY - HOUR);
    await files.sweep();
    expect(await filesIn(root, 'exports', 'a.zip')).toHaveLength(4);
    clock.advance(2 * HOUR);
    await files.sweep();
    expect(await filesIn(root, 'exports', 'a.zip')).toHaveLength(2);
    expect(await files.openBucket('exports').read('a.zip')).toMatchObject({
      content: Buffer.from('whole'),
    });
  });

  it('finishes a deletion that was killed half-way', async () => {
    const { root, files } = await aged();
    await put(files, 'a.zip', 'content');
    const record = JSON.stringify({ kind: 'deleted', nonce: 'n' });
    await writeFile(join(root, 'exports', 'a.zip', '@2.json'), record);
    expect(await files.openBucket('exports').find('a.zip')).toBeUndefined();
    await files.openBucket('exports').delete('a.zip');
    expect(await filesIn(root, 'exports', 'a.zip')).toEqual(['@2.json']);
  });

  it('sweeps a root that does not exist without harm', async () => {
    const files = openBucketDirectory(join(await newRoot(), 'nothing'), machine);
    await expect(files.sweep()).resolves.toBeUndefined();
  });
});

describe('several processes', () => {
  function appender(root: string, writer: string, lines: number): ChildProcess {
    const script = fileURLToPath(new URL('./testing/append-lines.ts', import.meta.url));
    const args = ['--conditions=source', script, root, writer, String(lines)];
    return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  const linesOf = async (root: string): Promise<string[]> => {
    const found = await openBucketDirectory(root, machine)
      .openBucket('exports')
      .read('v1/index.txt');
    return Buffer.from(found?.content ?? [])
      .toString()
      .split('\n')
      .slice(0, -1);
  };

  it('append to one object without losing a line', async () => {
    const root = await newRoot();
    const writers = ['a', 'b', 'c'].map((name) => appender(root, name, 8));
    const codes = await Promise.all(
      writers.map((child) => once(child, 'exit') as Promise<unknown[]>),
    );
    expect(codes).toEqual([
      [0, null],
      [0, null],
      [0, null],
    ]);
    const lines = await linesOf(root);
    expect(new Set(lines).size).toBe(24);
    expect(lines).toHaveLength(24);
  });

  it('leave a whole object with every acknowledged line when they are killed at any moment', async () => {
    const root = await newRoot();
    for (const round of [1, 2, 3]) {
      const child = appender(root, String(round), 1000);
      const said = text(child.stdout!);
      for (let n = 0; n < 3 + round; n++) await once(child.stdout!, 'data');
      child.kill('SIGKILL');
      const acknowledged = (await said).split('\n').slice(0, -1);
      expect(await linesOf(root)).toEqual(expect.arrayContaining(acknowledged));
    }
    const left = await linesOf(root);
    expect(left.every((line) => /^[123]-\d+$/.test(line))).toBe(true);
    expect(new Set(left).size).toBe(left.length);
  });
});

describe('a damaged object', () => {
  const DAMAGES = {
    'a record that was cut off': async (directory: string) => {
      await truncate(join(directory, '@1.json'), 20);
    },
    'an empty record': async (directory: string) => {
      await truncate(join(directory, '@1.json'), 0);
    },
    'a record of something else': async (directory: string) => {
      await writeFile(join(directory, '@1.json'), '{"kind":"object"}');
    },
    'a record of another kind': async (directory: string) => {
      await writeFile(join(directory, '@1.json'), '{"nonce":"n","kind":"other"}');
    },
    'a content that was cut off': async (directory: string) => {
      await truncate(await contentIn(directory), 3);
    },
    'a content that has grown': async (directory: string) => {
      await writeFile(await contentIn(directory), 'more than was there');
    },
    'a content that is gone': async (directory: string) => {
      await unlink(await contentIn(directory));
    },
  };
  const contentIn = async (directory: string): Promise<string> => {
    const name = (await readdir(directory)).find((file) => file.endsWith('.content'));
    return join(directory, name ?? '');
  };

  it.each(Object.entries(DAMAGES))(
    'with %s is named to whoever would serve it',
    async (_, harm) => {
      const { root, files } = await aged();
      await put(files, 'v1/index.txt', 'content');
      const path = join(root, 'exports/v1/index.txt');
      await harm(path);
      await expect(files.openObject('exports', 'v1/index.txt')).rejects.toMatchObject({
        ...{ name: 'ObjectFault', code: 'damaged', problem: 'store_damaged' },
        details: { object: 'exports/v1/index.txt', path },
      });
    },
  );

  it.each(Object.entries(DAMAGES))(
    'with %s is written anew by whoever derives it',
    async (_, harm) => {
      const { root, files } = await aged();
      await put(files, 'v1/index.txt', 'content');
      await harm(join(root, 'exports/v1/index.txt'));
      const bucket = files.openBucket('exports');
      expect(await bucket.find('v1/index.txt')).toBeUndefined();
      expect(await bucket.read('v1/index.txt')).toBeUndefined();
      await put(files, 'v1/index.txt', 'content');
      expect((await bucket.read('v1/index.txt'))?.content).toEqual(Buffer.from('content'));
    },
  );

  it('is not listed, and can be deleted', async () => {
    const { root, files } = await aged();
    await put(files, 'v1/index.txt', 'content');
    await truncate(join(root, 'exports/v1/index.txt/@1.json'), 5);
    const bucket = files.openBucket('exports');
    for await (const listed of bucket.list('v1/')) expect(listed).toBeUndefined();
    await bucket.delete('v1/index.txt');
    expect(await files.openObject('exports', 'v1/index.txt')).toBeUndefined();
  });

  it('does not keep the sweep from the others, and goes with its leftovers in time', async () => {
    const { root, clock, files } = await aged();
    await put(files, 'v1/index.txt', 'old');
    await truncate(join(root, 'exports/v1/index.txt/@1.json'), 5);
    await put(files, 'v1/index.txt', 'new');
    clock.advance(2 * DAY);
    await files.sweep();
    expect(await filesIn(root, 'exports/v1/index.txt')).toHaveLength(2);
    expect((await files.openBucket('exports').read('v1/index.txt'))?.content.toString()).toBe(
      'new',
    );
  });
});
