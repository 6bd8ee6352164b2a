import type { StorePart } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { StorePartFault, checkPart, stateOfPart, storeParts } from './store-parts.ts';

afterEach(closeTestStores);

const OURS = 'a'.repeat(32);

/** A part that keeps its id in memory. */
function aPart(id?: string) {
  const kept = { id };
  const part: StorePart = {
    name: 'keys',
    described: 'The directory keys',
    readId: () => Promise.resolve(kept.id),
    writeId: (given) => {
      kept.id = given;
      return Promise.resolve();
    },
  };
  return { kept, part };
}

describe('a part of a store', () => {
  it('gets the id of the store when it is new, and keeps it', async () => {
    const store = await openTestStore();
    const { kept, part } = aPart();
    await checkPart({ store, storeId: OURS }, part);
    expect(kept.id).toBe(OURS);
    await checkPart({ store, storeId: OURS }, part);
    expect(await stateOfPart(store, OURS, part)).toBe('present');
  });

  it('is refused when it has lost its id', async () => {
    const store = await openTestStore();
    await checkPart({ store, storeId: OURS }, aPart().part);
    const { kept, part } = aPart();
    const checked = checkPart({ store, storeId: OURS }, part);
    await expect(checked).rejects.toThrow(StorePartFault);
    await expect(checked).rejects.toThrow(
      /^The directory keys does not carry the id of the store any more: .*; put back what belongs together/,
    );
    expect(kept.id).toBeUndefined();
  });

  it.each([true, false])(
    'is refused with the id of another store (recorded: %s)',
    async (known) => {
      const store = await openTestStore();
      if (known) await checkPart({ store, storeId: OURS }, aPart().part);
      const { kept, part } = aPart('b'.repeat(32));
      await expect(checkPart({ store, storeId: OURS }, part)).rejects.toThrow(
        'carries the id of another store than the database',
      );
      expect(kept.id).toBe('b'.repeat(32));
    },
  );

  it('is recorded on the next check when a process died after it gave the id', async () => {
    const store = await openTestStore();
    await checkPart({ store, storeId: OURS }, aPart(OURS).part);
    expect(await store.get(storeParts, ['keys'])).toEqual([
      { since: expect.any(Number) as number },
    ]);
  });

  it('is not taken for a new one against an objection', async () => {
    const store = await openTestStore();
    const { kept, part } = aPart();
    const objection = () => Promise.resolve('lacks v1/index.txt');
    await expect(checkPart({ store, storeId: OURS, objection }, part)).rejects.toThrow(
      'The directory keys lacks v1/index.txt; put back',
    );
    expect(kept.id).toBeUndefined();
    expect(await store.get(storeParts, ['keys'])).toEqual([undefined]);
  });

  it('gets one id from checks that run at once', async () => {
    const store = await openTestStore();
    const { kept, part } = aPart();
    await Promise.all(
      [1, 2, 3].map(async () => {
        await checkPart({ store, storeId: OURS }, part);
      }),
    );
    expect(kept.id).toBe(OURS);
  });
});
