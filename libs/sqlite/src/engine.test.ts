import { collection, int } from '@keyserver/docstore';
import { seededRandom } from '@keyserver/random/testing';
import { closeTestStores, openTestStore } from './testing/test-store.ts';

const counters = collection({ name: 'counters', fields: { n: int() } });
const others = collection({ name: 'others', fields: { n: int() } });
const REQUESTS = 200;

afterEach(closeTestStores);

it('gives every answer to the one who asked, whatever kinds of requests wait together', async () => {
  const store = await openTestStore();
  const opened = await store.now();
  const random = seededRandom('mixed requests');
  await store.transact(async (tx) => {
    for (let n = 0; n < REQUESTS; n++) tx.set(others, String(n), { n });
    await Promise.resolve();
  });
  let runs = 0;
  const ask = async (n: number): Promise<number> => {
    for (let gaps = random.below(6); gaps > 0; gaps--) await Promise.resolve();
    if (n % 3 === 0) return await store.now();
    if (n % 7 === 0) return await store.deleteAll(others, { limit: 1 });
    return await store.transact(async (tx) => {
      runs++;
      tx.set(counters, String(n), { n });
      await Promise.resolve();
      return n;
    });
  };
  const numbers = Array.from({ length: REQUESTS }, (_, n) => n);
  const answers = await Promise.all(numbers.map(ask));
  const writes = numbers.filter((n) => n % 3 !== 0 && n % 7 !== 0);
  const deletions = numbers.filter((n) => n % 3 !== 0 && n % 7 === 0);
  expect(writes.map((n) => answers[n])).toEqual(writes);
  expect(deletions.map((n) => answers[n])).toEqual(deletions.map(() => 1));
  for (const n of numbers.filter((each) => each % 3 === 0))
    expect(answers[n]).toBeGreaterThanOrEqual(opened);
  // A writer that got the answer of another request would have had to run again.
  expect(runs).toBe(writes.length);
  expect(await store.get(counters, writes.map(String))).toEqual(writes.map((n) => ({ n })));
});

it('deletes no more than it is asked to, also when that takes several steps', async () => {
  const store = await openTestStore();
  for (let from = 0; from < 1200; from += 300)
    await store.transact(async (tx) => {
      for (let n = from; n < from + 300; n++) tx.set(others, String(n), { n });
      await Promise.resolve();
    });
  expect(await store.deleteAll(others, { limit: 600 })).toBe(600);
  expect(await store.deleteAll(others, {})).toBe(600);
});
