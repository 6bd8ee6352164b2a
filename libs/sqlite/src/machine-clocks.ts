import { existsSync, readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { type ReadClocks, SECOND, systemClock } from '@keyserver/time';

// https://docs.kernel.org/admin-guide/sysctl/kernel.html#random: a UUID that is drawn at each start.
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Whether this system gives each start of the machine a name of its own. */
export const namesStarts = (): boolean => existsSync(BOOT_ID);

/** The clocks of this machine. Its uptime goes on while it sleeps, which Node's own monotonic clock does not on Linux. */
export function machineClocks(): ReadClocks {
  const boot = bootName();
  return () => ({ wall: systemClock.now(), uptime: Math.round(uptime() * SECOND), boot });
}

/** Elsewhere than on Linux the machine's name must do; a new start shows in an uptime that is smaller than before. */
function bootName(): string {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    return hostname();
  }
}
