import type { DocumentStore } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { DAY, HOUR } from '@keyserver/time';
import { noteTokenKeyAge, readTokenKeyAge, tokenKeyAges } from './token-key-age.ts';

let store: DocumentStore;
beforeEach(async () => {
  store = await openTestStore({});
});
afterEach(closeTestStores);

describe('the maximum age of keys that tokens tell of', () => {
  it('is the largest that can be set as long as nobody has noted one', async () => {
    expect(await readTokenKeyAge(store)).toBe(30 * DAY);
  });

  it('is the largest that was noted, and never falls', async () => {
    await noteTokenKeyAge(store, 360 * HOUR);
    expect(await readTokenKeyAge(store)).toBe(15 * DAY);
    await noteTokenKeyAge(store, 20 * DAY);
    await noteTokenKeyAge(store, 10 * DAY);
    expect(await readTokenKeyAge(store)).toBe(20 * DAY);
  });

  it('is the largest of several that are noted at the same time', async () => {
    await Promise.all(
      [16, 19, 17].map(async (days) => {
        await noteTokenKeyAge(store, days * DAY);
      }),
    );
    expect(await readTokenKeyAge(store)).toBe(19 * DAY);
  });

  it('is written once, however often services are started', async () => {
    await noteTokenKeyAge(store, 15 * DAY);
    const readOnly = Object.assign(Object.create(store) as DocumentStore, {
      transact: async () => await Promise.reject(new Error('must not be written')),
    });
    await noteTokenKeyAge(readOnly, 15 * DAY);
    await noteTokenKeyAge(readOnly, 14 * DAY);
    expect(await store.get(tokenKeyAges, ['tokens'])).toEqual([{ maxKeyAge: 15 * DAY }]);
  });
});
