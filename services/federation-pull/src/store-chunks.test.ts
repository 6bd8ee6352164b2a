import { chunksOf } from '@keyserver/federation';
import type { ReceivedKey } from '@keyserver/federation';
import { aKey } from '@keyserver/stores/testing';
import { storeChunks } from './store-chunks.ts';

const keysOf = (count: number, kind: ReceivedKey['kind']): ReceivedKey[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ kind, key: aKey(n), regions: ['XA'], traveler: false, verifiedBy: undefined },
  }));

/** Stores nothing, and keeps what was begun and ended, in order; each storing ends when it is told to. */
function slowStore() {
  const begun: (readonly ReceivedKey[])[] = [];
  const ends: { done: (ending: string) => void; fail: (fault: Error) => void }[] = [];
  const store = async (keys: readonly ReceivedKey[]): Promise<string> => {
    begun.push(keys);
    return await new Promise<string>((done, fail) => ends.push({ done, fail }));
  };
  const end = async (n: number, ending = 'go on'): Promise<void> => {
    ends[n]!.done(ending);
    await new Promise(setImmediate);
  };
  return { store, begun, ends, end };
}

const stillOpen = async (storing: Promise<unknown>): Promise<boolean> =>
  await Promise.race([storing.then(() => false), new Promise<boolean>((go) => setImmediate(go, true))]); // prettier-ignore

it('stores three chunks of primaries at a time, and each of them once', async () => {
  const { store, begun, end } = slowStore();
  const chunks = chunksOf(keysOf(1500, 'primary'));
  const storing = storeChunks(chunks, store);
  expect(begun).toEqual(chunks.slice(0, 3));
  await end(1);
  expect(begun).toEqual(chunks.slice(0, 4));
  for (const n of [0, 2, 3]) await end(n);
  expect(await stillOpen(storing)).toBe(true);
  await end(4);
  expect(await storing).toBe('go on');
  expect(begun).toEqual(chunks);
});

it('begins no revision before every primary is stored, nor before another revision', async () => {
  const { store, begun, end } = slowStore();
  const chunks = chunksOf([...keysOf(600, 'primary'), ...keysOf(400, 'revision')]);
  const storing = storeChunks(chunks, store);
  await end(1);
  expect(begun).toHaveLength(2);
  await end(0);
  expect(begun).toEqual(chunks.slice(0, 3));
  await end(2);
  expect(begun).toEqual(chunks.slice(0, 4));
  await end(3);
  expect(await storing).toBe('go on');
});

it('begins nothing after what ends a run, and waits for what is under way', async () => {
  const { store, begun, end } = slowStore();
  const storing = storeChunks(chunksOf(keysOf(1500, 'primary')), store);
  await end(1, 'overtaken');
  await end(0);
  expect([begun.length, await stillOpen(storing)]).toEqual([3, true]);
  await end(2, 'paused');
  expect(await storing).toBe('overtaken');
  expect(begun).toHaveLength(3);
});

it('begins nothing after a fault, waits for what is under way, and throws it', async () => {
  const { store, begun, ends, end } = slowStore();
  const storing = storeChunks(chunksOf(keysOf(1500, 'primary')), store);
  const thrown = storing.catch((fault: unknown) => fault);
  ends[0]!.fail(new Error('the disk is full'));
  await end(1);
  await end(2);
  expect(await thrown).toEqual(new Error('the disk is full'));
  expect(begun).toHaveLength(3);
});
