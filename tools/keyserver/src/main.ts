import { userInfo } from 'node:os';
import { systemRandom } from '@keyserver/random';
import { systemClock, systemTimers } from '@keyserver/time';
import { CANNOT } from './command-fault.ts';
import { openTerminal } from './terminal.ts';
import { run } from './program.ts';

// Whoever read the output, such as `head`, has seen enough.
process.stdout.on('error', () => process.exit(CANNOT));

/** The user's name; a container may run as a user that nobody has named. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

const terminal = openTerminal(process.stdin, process.stdout, process.stderr);

process.exitCode = await run(process.argv.slice(2), {
  // Whoever sets NO_COLOR wants none (https://no-color.org).
  terminal: (process.env['NO_COLOR'] ?? '') === '' ? terminal : { ...terminal, colours: false },
  clock: systemClock,
  timers: systemTimers,
  random: systemRandom,
  user: userName(),
  dataDirectory: process.env['DATA_DIR'] ?? '.data',
  environment: process.env,
});
