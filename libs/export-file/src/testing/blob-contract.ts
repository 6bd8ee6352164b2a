import type { BlobHeaders, BlobInfo, BlobStore } from '../blob-store.ts';

const HEADERS: BlobHeaders = {
  contentType: 'application/zip',
  cacheControl: 'public, max-age=86400',
  digest: 'ab'.repeat(32),
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The content of an object, arriving in pieces. */
export async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    await Promise.resolve();
    yield bytes(text);
  }
}

async function* brokenSource(): AsyncGenerator<Uint8Array> {
  yield* pieces('the first half');
  throw new Error('the source broke');
}

async function write(
  bucket: BlobStore,
  name: string,
  text: string,
  expected = 'absent',
): Promise<BlobInfo> {
  const written = await bucket.put(name, pieces(text), { headers: HEADERS, expected });
  if (written === 'conflict') throw new Error('the object was not written');
  return written;
}

const contentOf = async (bucket: BlobStore, name: string): Promise<string | undefined> => {
  const found = await bucket.read(name);
  return found === undefined ? undefined : new TextDecoder().decode(found.content);
};

async function all(listed: AsyncIterable<BlobInfo>): Promise<BlobInfo[]> {
  const found: BlobInfo[] = [];
  for await (const info of listed) found.push(info);
  return found;
}

/** The suite that the object store of every platform must pass. `open` gives two clients of one empty bucket. */
export function describeBlobStore(
  platform: string,
  open: () => Promise<{ readonly bucket: BlobStore; readonly other: BlobStore }>,
): void {
  describe(`${platform} as an object store`, () => {
    describeReading(open);
    describeConditions(open);
    describeNames(open);
    describeRaces(open);
  });
}

type Open = Parameters<typeof describeBlobStore>[1];

function describeReading(open: Open): void {
  it('finds and reads nothing where nothing was written', async () => {
    const { bucket } = await open();
    expect(await bucket.find('v1/index.txt')).toBeUndefined();
    expect(await bucket.read('v1/index.txt')).toBeUndefined();
  });

  it('gives back what was written, in one piece, with its headers, size and generation', async () => {
    const { bucket, other } = await open();
    const options = { headers: HEADERS, expected: 'absent' };
    const written = await bucket.put('v1/a.zip', pieces('one ', '', 'two'), options);
    expect(written).toMatchObject({ ...HEADERS, name: 'v1/a.zip', size: 7 });
    expect(await other.find('v1/a.zip')).toEqual(written);
    expect((await other.read('v1/a.zip'))?.info).toEqual(written);
    expect(await contentOf(other, 'v1/a.zip')).toBe('one two');
  });

  it('keeps an empty object apart from a missing one', async () => {
    const { bucket } = await open();
    await bucket.put('v1/index.txt', pieces(), { headers: HEADERS, expected: 'absent' });
    expect(await contentOf(bucket, 'v1/index.txt')).toBe('');
  });

  it('keeps an object apart from those below its name', async () => {
    const { bucket } = await open();
    await write(bucket, 'v1', 'outer');
    await write(bucket, 'v1/1.json', 'inner');
    await bucket.delete('v1');
    expect(await contentOf(bucket, 'v1/1.json')).toBe('inner');
    expect(await bucket.find('v1')).toBeUndefined();
  });

  it('lists the objects of a prefix, each once, with all that is known of it', async () => {
    const { bucket, other } = await open();
    const written: BlobInfo[] = [];
    for (const name of ['v1', 'v1/a.zip', 'v1/b/c.zip', 'v10/a.zip', 'v2/a.zip'])
      written.push(await write(bucket, name, name));
    await write(bucket, 'v1/gone.zip', 'gone');
    await bucket.delete('v1/gone.zip');
    const byName = (a: BlobInfo, b: BlobInfo): number => (a.name < b.name ? -1 : 1);
    const listed = async (prefix: string): Promise<BlobInfo[]> =>
      (await all(other.list(prefix))).sort(byName);
    expect(await listed('')).toEqual(written.sort(byName));
    for (const prefix of ['v1', 'v1/', 'v1/b', 'v1/b/c.zip', 'v3', 'v1/a.zip/'])
      expect(await listed(prefix)).toEqual(written.filter(({ name }) => name.startsWith(prefix)));
  });

  it('lists nothing in an empty bucket', async () => {
    const { bucket } = await open();
    expect(await all(bucket.list(''))).toEqual([]);
  });

  it('writes nothing when the content breaks off, and passes the error on', async () => {
    const { bucket } = await open();
    const put = bucket.put('v1/a.zip', brokenSource(), { headers: HEADERS, expected: 'absent' });
    await expect(put).rejects.toThrow('the source broke');
    expect(await bucket.find('v1/a.zip')).toBeUndefined();
  });
}

function describeConditions(open: Open): void {
  it('refuses to create an object that is there', async () => {
    const { bucket, other } = await open();
    await write(bucket, 'v1/a.zip', 'first');
    const again = { headers: HEADERS, expected: 'absent' };
    expect(await other.put('v1/a.zip', pieces('second'), again)).toBe('conflict');
    expect(await contentOf(bucket, 'v1/a.zip')).toBe('first');
  });

  it('replaces exactly the generation that is expected, and gives a new one', async () => {
    const { bucket, other } = await open();
    const first = await write(bucket, 'v1/index.txt', 'first');
    const second = await write(other, 'v1/index.txt', 'second', first.generation);
    expect(second.generation).not.toBe(first.generation);
    const stale = { headers: HEADERS, expected: first.generation };
    expect(await bucket.put('v1/index.txt', pieces('third'), stale)).toBe('conflict');
    expect(await contentOf(bucket, 'v1/index.txt')).toBe('second');
  });

  it('gives a new generation to the same content', async () => {
    const { bucket } = await open();
    const first = await write(bucket, 'v1/index.txt', 'same');
    const second = await write(bucket, 'v1/index.txt', 'same', first.generation);
    expect(second.generation).not.toBe(first.generation);
  });

  it.each(['1', '0', '', 'never-there'])(
    'refuses to replace the generation %j of a missing object',
    async (expected) => {
      const { bucket } = await open();
      const put = await bucket.put('v1/index.txt', pieces('x'), { headers: HEADERS, expected });
      expect(put).toBe('conflict');
      expect(await bucket.find('v1/index.txt')).toBeUndefined();
    },
  );

  it('deletes an object, and a second time does no harm', async () => {
    const { bucket, other } = await open();
    const { generation } = await write(bucket, 'v1/a.zip', 'gone soon');
    await other.delete('v1/a.zip');
    await bucket.delete('v1/a.zip');
    expect(await bucket.find('v1/a.zip')).toBeUndefined();
    expect(await bucket.read('v1/a.zip')).toBeUndefined();
    const late = { headers: HEADERS, expected: generation };
    expect(await bucket.put('v1/a.zip', pieces('late'), late)).toBe('conflict');
  });

  it('creates a deleted object anew, under a generation it never had', async () => {
    const { bucket } = await open();
    const before = await write(bucket, 'v1/a.zip', 'before');
    await bucket.delete('v1/a.zip');
    const after = await write(bucket, 'v1/a.zip', 'after');
    expect(after.generation).not.toBe(before.generation);
    expect(await contentOf(bucket, 'v1/a.zip')).toBe('after');
  });

  it('deletes what was never there without a word', async () => {
    const { bucket } = await open();
    await expect(bucket.delete('v1/a.zip')).resolves.toBeUndefined();
  });
}

function describeNames(open: Open): void {
  const impossible = ['', '/', 'a//b', '/a', 'a/', '.', '..', '../a', 'a/../b', 'a\\b', 'a b', 'ä'];

  it.each([...impossible, 'a\0b', 'a/@1.json', 'long'])(
    'refuses to write an object named %j',
    async (name) => {
      const { bucket } = await open();
      const named = name === 'long' ? 'long'.repeat(257) : name;
      const put = bucket.put(named, pieces('x'), { headers: HEADERS, expected: 'absent' });
      await expect(put).rejects.toThrow(RangeError);
    },
  );

  it.each(impossible)('finds no object named %j and deletes none', async (name) => {
    const { bucket } = await open();
    expect(await bucket.find(name)).toBeUndefined();
    expect(await bucket.read(name)).toBeUndefined();
    await expect(bucket.delete(name)).resolves.toBeUndefined();
  });
}

function describeRaces(open: Open): void {
  it('lets exactly one of many writers create an object', async () => {
    const { bucket, other } = await open();
    const results = await Promise.all(
      Array.from({ length: 12 }, async (_, n) => {
        const client = n % 2 === 0 ? bucket : other;
        const options = { headers: HEADERS, expected: 'absent' };
        return await client.put('v1/a.zip', pieces(`writer ${String(n)}`), options);
      }),
    );
    const winners = results.flatMap((result, n) => (result === 'conflict' ? [] : [n]));
    expect(winners).toHaveLength(1);
    expect(await contentOf(bucket, 'v1/a.zip')).toBe(`writer ${String(winners[0])}`);
  });

  it('loses no line when several writers append to one object', async () => {
    const { bucket, other } = await open();
    const append = async (client: BlobStore, line: string): Promise<void> => {
      const found = await client.read('v1/index.txt');
      const before = found === undefined ? '' : new TextDecoder().decode(found.content);
      const expected = found?.info.generation ?? 'absent';
      const options = { headers: HEADERS, expected };
      const put = await client.put('v1/index.txt', pieces(before, line, '\n'), options);
      if (put === 'conflict') await append(client, line);
    };
    const lines = Array.from({ length: 10 }, (_, n) => `line-${String(n)}`);
    await Promise.all(
      lines.map(async (line, n) => {
        await append(n % 2 === 0 ? bucket : other, line);
      }),
    );
    const written = ((await contentOf(bucket, 'v1/index.txt')) ?? '').trimEnd().split('\n');
    expect(written.toSorted()).toEqual(lines);
  });

  it('shows a reader a whole content at every moment while the object is replaced and deleted', async () => {
    const { bucket, other } = await open();
    const whole = (n: number): string => String(n).repeat(5000);
    const seen: (string | undefined)[] = [];
    const rewrite = async (): Promise<void> => {
      for (let n = 0; n < 8; n++) {
        const now = await bucket.find('v1/index.txt');
        await write(bucket, 'v1/index.txt', whole(n), now?.generation ?? 'absent');
        if (n % 3 === 2) await bucket.delete('v1/index.txt');
      }
    };
    const state = { done: false };
    const writing = rewrite().finally(() => {
      state.done = true;
    });
    while (!state.done) seen.push(await contentOf(other, 'v1/index.txt'));
    await writing;
    const allowed = [undefined, ...Array.from({ length: 8 }, (_, n) => whole(n))];
    expect(seen.every((text) => allowed.includes(text))).toBe(true);
    expect(await contentOf(other, 'v1/index.txt')).toBe(whole(7));
  });
}
