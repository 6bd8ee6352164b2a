import type { DocumentStore } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { usedSigningKeys } from './used-signing-keys.ts';

let store: DocumentStore;
beforeEach(async () => {
  store = await openTestStore();
});
afterEach(closeTestStores);

const NAME = { keyId: '310', keyVersion: 'v1' };

describe('the signing keys that have signed', () => {
  it('keep the first public key of a name, whichever comes later', async () => {
    const keys = usedSigningKeys(store);
    expect(await keys.find(NAME)).toBeUndefined();
    expect(await keys.record(NAME, 'FIRST')).toBe('FIRST');
    expect(await keys.record(NAME, 'OTHER')).toBe('FIRST');
    expect(await keys.find(NAME)).toBe('FIRST');
    expect(await keys.find({ ...NAME, keyVersion: 'v2' })).toBeUndefined();
  });

  it('keep one of two that come at once', async () => {
    const answers = await Promise.all(
      ['ONE', 'TWO'].map((key) => usedSigningKeys(store).record(NAME, key)),
    );
    expect(new Set(answers).size).toBe(1);
    expect(await usedSigningKeys(store).find(NAME)).toBe(answers[0]);
  });

  it('are written for a new name only', async () => {
    const keys = usedSigningKeys(store);
    await keys.record(NAME, 'FIRST');
    const reading: DocumentStore = Object.assign(Object.create(store) as DocumentStore, {
      transact: () => Promise.reject(new Error('a transaction')),
    });
    expect(await usedSigningKeys(reading).record(NAME, 'FIRST')).toBe('FIRST');
  });
});
