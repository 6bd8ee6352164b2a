import { systemRandom } from '@keyserver/random';
import { runService } from '@keyserver/service';
import { systemClock, systemTimers } from '@keyserver/time';
import { startPublish } from './start-publish.ts';

const machine = { clock: systemClock, timers: systemTimers, random: systemRandom };
await runService({ name: 'publish', start: startPublish, process, machine });
