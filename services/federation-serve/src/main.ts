import { systemRandom } from '@keyserver/random';
import { runService } from '@keyserver/service';
import { systemClock, systemTimers } from '@keyserver/time';
import { startFederationServe } from './start-federation-serve.ts';

const machine = { clock: systemClock, timers: systemTimers, random: systemRandom };
await runService({ name: 'federation-serve', start: startFederationServe, process, machine });
