import { ConfigFault } from '@keyserver/config';
import { systemRandom } from '@keyserver/random';
import { StorePartFault, StoreFormatFault } from '@keyserver/stores';
import { systemClock, systemTimers } from '@keyserver/time';
import { launch } from './launch.ts';
import { LaunchFault } from './settings.ts';
import { isUnusableDirectory, openPlatform } from './wiring.ts';

const machine = { clock: systemClock, timers: systemTimers, random: systemRandom };
const stopping = new AbortController();
const stopAsked = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Not once: a second Ctrl-C must not end the launcher before its services.
    process.on(signal, () => {
      stopping.abort();
      resolve();
    });
  }
});

let lose: (fault: Error) => void = () => undefined;
const databaseLost = new Promise<Error>((resolve) => {
  lose = resolve;
});

try {
  const suite = await launch({
    env: process.env,
    ...machine,
    screen: process.stdout,
    openPlatform: async (dataDirectory) =>
      await openPlatform(dataDirectory, { ...machine, onLost: lose }),
    signal: stopping.signal,
  });
  const lost = await Promise.race([stopAsked, databaseLost]);
  if (lost !== undefined)
    process.stderr.write(
      `The suite stops, because its launcher has lost the database: ${lost.message}. Start it again.\n`,
    );
  await suite.stop();
  process.exit(lost === undefined ? 0 : 1);
} catch (fault) {
  const told =
    fault instanceof ConfigFault ||
    fault instanceof LaunchFault ||
    fault instanceof StoreFormatFault ||
    fault instanceof StorePartFault ||
    isUnusableDirectory(fault);
  const reason = fault instanceof Error ? fault.message : 'an unknown fault';
  process.stderr.write(told ? `${reason}\n` : `The suite cannot start: ${reason}\n`);
  process.exit(1);
}
