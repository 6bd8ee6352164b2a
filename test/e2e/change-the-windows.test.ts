import { openFirestoreStore } from '@keyserver/firestore';
import { openStoreFormat } from '@keyserver/stores';
import { systemRandom } from '@keyserver/random';
import { HOUR, systemClock, windowLength } from '@keyserver/time';
import { keyserver } from '@keyserver/cli/testing';
import { startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { machine } from '../support/machine.ts';
import { TRIED_OUT, describeWindowChange } from '../support/window-change.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const random = systemRandom;

// In production, on the stand-ins for Google Cloud, the same is tested by change-the-windows.slow.test.ts.
describeWindowChange(TRIED_OUT);

describe('keyserver store set-window over Firestore', () => {
  const closing: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of closing.splice(0).reverse()) await one.close();
  });

  it('shows, changes and says what it has changed', async () => {
    const firestore = await startFirestoreStandIn();
    closing.push(firestore);
    const store = await openFirestoreStore({
      ...machine,
      ...{ projectId: 'changed', emulatorHost: firestore.address },
      random,
    });
    closing.push(store);
    const setWindow = async (...argv: readonly string[]) =>
      await keyserver(
        [
          ...['store', 'set-window', '--project', 'changed', '--endpoint', firestore.address],
          ...argv,
        ],
        { clock: systemClock },
      );
    const silent = await setWindow('300');
    expect([silent.code, silent.err]).toEqual([2, expect.stringContaining('start the services')]);
    await openStoreFormat(store, { place: 'a test', window: windowLength(HOUR)! }, random);
    expect(await setWindow('30', '--yes')).toMatchObject({
      code: 2,
      err: 'keyserver: windows on Google Cloud are at least 60 s long\n',
    });
    const becomes =
      /^Windows are 3600 s long, and 300 s from \d{4}-\d\d-\d\dT00:00:00Z on.\n(Nothing was changed|Both values)/;
    const shown = await setWindow('300');
    expect([shown.code, shown.out]).toEqual([0, expect.stringMatching(becomes)]);
    const changed = await setWindow('300', '--yes');
    expect([changed.code, changed.out]).toEqual([0, expect.stringMatching(becomes)]);
    expect((await setWindow('300')).out).toBe(changed.out);
  });
});
