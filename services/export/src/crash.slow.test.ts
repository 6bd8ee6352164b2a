import { expectRecovery } from './testing/crash-scenario.ts';

it(
  'gives the same files, each listed once, wherever a worker dies',
  async () => {
    let deaths = 0;
    while (await expectRecovery((_port, use) => use === deaths)) deaths += 1;
    expect(deaths).toBeGreaterThan(50);
  },
  10 * 60_000,
);
