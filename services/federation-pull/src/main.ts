import { systemRandom } from '@keyserver/random';
import { runService } from '@keyserver/service';
import { systemClock, systemTimers } from '@keyserver/time';
import { startFederationPull } from './start-federation-pull.ts';

const machine = { clock: systemClock, timers: systemTimers, random: systemRandom };
await runService({ name: 'federation-pull', start: startFederationPull, process, machine });
