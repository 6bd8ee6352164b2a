import { systemRandom } from '@keyserver/random';
import { runService } from '@keyserver/service';
import { systemClock, systemTimers } from '@keyserver/time';
import { startCleanup } from './start-cleanup.ts';

const machine = { clock: systemClock, timers: systemTimers, random: systemRandom };
await runService({ name: 'cleanup', start: startCleanup, process, machine });
