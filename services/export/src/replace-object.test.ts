import type { BlobStore } from '@keyserver/export-file';
import { openTestBucket } from '@keyserver/local/testing';
import { replaceObject } from './replace-object.ts';

const HEADERS = { contentType: 'text/plain', cacheControl: 'no-cache' };
const NEVER = new AbortController().signal;

let bucket: BlobStore;
let pauses: number[];
beforeEach(() => {
  bucket = openTestBucket();
  pauses = [];
});

/** Adds a letter to an object, in a bucket where somebody else may write first. */
const addLetter = async (letter: string, to: BlobStore, signal = NEVER): Promise<boolean> => {
  const pause = async (round: number): Promise<void> => {
    pauses.push(round);
    await Promise.resolve();
  };
  const contentAfter = async (present: Uint8Array | undefined): Promise<Uint8Array> =>
    await Promise.resolve(Buffer.from(`${textOf(present)}${letter}`));
  const object = { bucket: to, name: 'letters', headers: HEADERS, contentAfter };
  return await replaceObject(object, pause, signal);
};

const textOf = (content: Uint8Array = new Uint8Array()): string => Buffer.from(content).toString();
const stored = async (): Promise<string> => textOf((await bucket.read('letters'))?.content);

/** The same bucket, in which somebody else adds an `x` before so many of our writes. */
function contested(times: number): BlobStore {
  let left = times;
  return {
    ...bucket,
    put: async (name, content, options) => {
      if (left-- > 0) await addLetter('x', bucket);
      return await bucket.put(name, content, options);
    },
  };
}

describe('replacing an object', () => {
  it('makes one that is not there', async () => {
    expect(await addLetter('a', bucket)).toBe(true);
    expect(await stored()).toBe('a');
  });

  it('writes nothing when it is up to date', async () => {
    await addLetter('a', bucket);
    const refusing: BlobStore = { ...bucket, put: () => Promise.reject(new Error('written')) };
    expect(await addLetter('', refusing)).toBe(false);
  });

  it('writes the same again where caches would keep it for another time', async () => {
    await addLetter('a', bucket);
    const cacheControl = 'public, max-age=60';
    const renewed = async (): Promise<boolean> =>
      await replaceObject(
        {
          ...{ bucket, name: 'letters', headers: { ...HEADERS, cacheControl } },
          contentAfter: async () => await Promise.resolve(Buffer.from('a')),
        },
        async () => {
          await Promise.resolve();
        },
        NEVER,
      );
    expect(await renewed()).toBe(true);
    expect((await bucket.find('letters'))?.cacheControl).toBe(cacheControl);
    expect(await renewed()).toBe(false);
  });

  it('makes an empty one where there is none', async () => {
    expect(await addLetter('', bucket)).toBe(true);
    expect((await bucket.read('letters'))?.content).toHaveLength(0);
  });

  it('sees what others wrote meanwhile, and waits longer with every round', async () => {
    expect(await addLetter('a', contested(3))).toBe(true);
    expect(await stored()).toBe('xxxa');
    expect(pauses).toEqual([0, 1, 2]);
  });

  it('takes eight rounds, and gives up when others are always faster', async () => {
    expect(await addLetter('a', contested(7))).toBe(true);
    await expect(addLetter('b', contested(8))).rejects.toThrow('again and again');
    expect(await stored()).toBe('xxxxxxxaxxxxxxxx');
  });

  it('begins no round after it was called off', async () => {
    await expect(addLetter('a', bucket, AbortSignal.abort())).rejects.toThrow('aborted');
    expect(await bucket.find('letters')).toBeUndefined();
  });
});
