import { openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import { openStoreFormat } from '@keyserver/stores';
import { HOUR, simulatedClock, windowLength } from '@keyserver/time';
import { machine } from '../../../../test/support/machine.ts';
import { NOW, inScratch, keyserver } from '../testing/run-cli.ts';

let made = 0;

/** A data directory that services have used with windows of an hour. */
async function aDataDirectory(): Promise<string> {
  const dataDirectory = inScratch(`store-${made++}`);
  const platform = await openLocalPlatform({
    ...machine,
    dataDirectory,
    clock: simulatedClock(NOW),
  });
  const known = { place: dataDirectory, window: windowLength(HOUR)! };
  await openStoreFormat(platform.store, known, systemRandom);
  await platform.close();
  return dataDirectory;
}

describe('keyserver store set-window', () => {
  it('shows first when the windows would change, and changes nothing', async () => {
    const dataDirectory = await aDataDirectory();
    const shown = {
      code: 0,
      out: 'Windows are 3600 s long, and 300 s from 2024-05-21T00:00:00Z on.\nNothing was changed; give --yes to change it.\n',
    };
    expect(await keyserver(['store', 'set-window', '300'], { dataDirectory })).toMatchObject(shown);
    expect(await keyserver(['store', 'set-window', '300'], { dataDirectory })).toMatchObject(shown);
  });

  it('changes them once, and says so when it is asked again', async () => {
    const dataDirectory = await aDataDirectory();
    const argv = ['store', 'set-window', '300', '--yes'];
    const first = await keyserver(argv, { dataDirectory });
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain('set TRUNCATE_WINDOW_SECONDS=300 for every service now.');
    expect((await keyserver(argv, { dataDirectory })).out).toBe(first.out);
    const other = await keyserver(['store', 'set-window', '600', '--yes'], { dataDirectory });
    expect(other).toMatchObject({ code: 2, out: '' });
    expect(other.err).toContain('the windows become 300 s long at 2024-05-21T00:00:00.000Z');
  });

  it('says that nothing is to be done for the present length', async () => {
    const dataDirectory = await aDataDirectory();
    const { code, out } = await keyserver(['store', 'set-window', '3600'], { dataDirectory });
    expect([code, out]).toEqual([0, 'Windows are 3600 s long already; nothing was changed.\n']);
  });

  it.each(['7', '0', '-300', '1.5', 'day', '172800'])('refuses a length of %s', async (text) => {
    const ran = await keyserver(['store', 'set-window', '--', text]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('must be a whole number of seconds that divides 86400');
  });

  it('refuses a directory that no server has used', async () => {
    const ran = await keyserver(['store', 'set-window', '300', '--data-dir', inScratch('nothing')]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('is not the data directory of a server');
  });
});
