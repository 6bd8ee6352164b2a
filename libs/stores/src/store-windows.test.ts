import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { systemRandom } from '@keyserver/random';
import { HOUR, alwaysWindow, windowLength } from '@keyserver/time';
import { openStoreFormat } from './open-store-format.ts';
import { storedWindows } from './store-windows.ts';

afterEach(closeTestStores);
const window = windowLength(HOUR)!;

describe('the windows of a store', () => {
  it('are those that it says', async () => {
    const store = await openTestStore();
    await openStoreFormat(store, { place: 'here', window }, systemRandom);
    expect(await storedWindows(store)).toEqual(alwaysWindow(window));
  });

  it.each([
    ['has no format', undefined],
    ['was opened by somebody who knew no window', { place: 'here' }],
  ])('are not made up when it %s', async (_, known) => {
    const store = await openTestStore();
    if (known !== undefined) await openStoreFormat(store, known, systemRandom);
    await expect(storedWindows(store)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
