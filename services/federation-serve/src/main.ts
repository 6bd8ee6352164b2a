import { setFlagsFromString } from 'node:v8';
import { systemRandom } from '@keyserver/random';
import { runService } from '@keyserver/service';
import { systemClock, systemTimers } from '@keyserver/time';
import { startFederationServe } from './start-federation-serve.ts';

/**
 * Answers are large buffers that live for one call. V8 counts them with what lives long, and with a small heap collects it every
 * few dozen answers, which took up to half of all processor time. With this it lets the heap grow to six times what lives before.
 * V8 reads it at each collection: https://nodejs.org/docs/latest-v24.x/api/v8.html#v8setflagsfromstringflags
 */
setFlagsFromString('--heap-growing-percent=500');

const machine = { clock: systemClock, timers: systemTimers, random: systemRandom };
await runService({ name: 'federation-serve', start: startFederationServe, process, machine });
