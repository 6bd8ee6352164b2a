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

process.exitCode = await run(process.argv.slice(2), {
  terminal: openTerminal(process.stdin, process.stdout, process.stderr),
  clock: systemClock,
  timers: systemTimers,
  random: systemRandom,
  user: userName(),
  dataDirectory: process.env['DATA_DIR'] ?? '.data',
});
