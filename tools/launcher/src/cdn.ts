import { systemRandom } from '@keyserver/random';
import { runService } from '@keyserver/service';
import { systemClock, systemTimers } from '@keyserver/time';
import { startCdn } from './start-cdn.ts';
import { findObjects } from './wiring.ts';

const machine = { clock: systemClock, timers: systemTimers, random: systemRandom };
await runService({ name: 'cdn', start: startCdn(findObjects), process, machine });
