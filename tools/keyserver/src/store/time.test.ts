import { openLocalPlatform } from '@keyserver/local';
import { DAY, simulatedClock, unixMillis } from '@keyserver/time';
import { machine } from '../../../../test/support/machine.ts';
import { NOW, inScratch, keyserver, slowTimers } from '../testing/run-cli.ts';

// Each command opens a store, with a thread of its own.
let directories = 0;

/** A data directory that was last in use at a time, on a machine that was off since then. */
async function lastUsed(at: number): Promise<string> {
  const dataDirectory = inScratch(`time-${String((directories += 1))}`);
  const clock = simulatedClock(unixMillis(at));
  clock.reboot(0);
  const platform = await openLocalPlatform({ ...machine, dataDirectory, clock });
  await platform.close();
  return dataDirectory;
}

it('shows that the clock is believed, and has nothing to mend then', async () => {
  const dataDirectory = await lastUsed(NOW);
  const shown = await keyserver(['store', 'time', 'show'], { dataDirectory });
  expect(shown).toMatchObject({ code: 0, err: '' });
  expect(shown.out).toContain('The clock is believed.');
  for (const remedy of ['accept', 'reset'])
    expect(await keyserver(['store', 'time', remedy, '--yes'], { dataDirectory })).toMatchObject({
      code: 2,
      err: `keyserver: there is nothing to ${remedy}\n`,
    });
});

it('accepts the clock after a long stop, when somebody says so', async () => {
  const dataDirectory = await lastUsed(NOW - 21 * DAY);
  const shown = await keyserver(['store', 'time', 'show'], { dataDirectory });
  expect(shown.out).toMatch(
    /Not believed: .* shows 21 days more .*\n.*keyserver store time accept/,
  );
  const accept = ['store', 'time', 'accept'];
  expect(await keyserver(accept, { dataDirectory })).toMatchObject({ code: 2 });
  expect(await keyserver(accept, { dataDirectory, answer: false })).toMatchObject({ code: 2 });
  expect(await keyserver(accept, { dataDirectory, answer: true })).toMatchObject({ code: 0 });
  const after = await keyserver(['store', 'time', 'show', '--json'], { dataDirectory });
  expect(JSON.parse(after.out)).toMatchObject({ wall: NOW, mark: NOW });
});

it('brings store time back that lies ahead', async () => {
  const dataDirectory = await lastUsed(NOW + 20 * DAY);
  const timers = slowTimers();
  const ran = await keyserver(['store', 'time', 'reset', '--yes'], { dataDirectory, timers });
  expect(ran.code).toBe(0);
  expect(ran.err).toMatch(/^(batches removed so far: 0\n)+$/);
  const after = await keyserver(['store', 'time', 'show', '--json'], { dataDirectory });
  expect(JSON.parse(after.out)).toMatchObject({ wall: NOW, mark: NOW });
});

it('makes no server up to show its time', async () => {
  const ran = await keyserver(['store', 'time', 'show'], { dataDirectory: inScratch('nowhere') });
  expect(ran.code).toBe(2);
  expect(ran.err).toContain('is not the data directory of a server');
});
