import { startExport } from '@keyserver/export';
import { startPublish } from '@keyserver/publish';
import { runService } from '@keyserver/service';
import { machine } from '../support/machine.ts';
import { fastClock } from './fast-clock.ts';

/** Runs a real service as a process of its own whose time passes faster: NAME ORIGIN SPEED. */
const [name, origin, speed] = process.argv.slice(2);
const clock = fastClock(Number(origin), Number(speed));
const start = name === 'publish' ? startPublish : startExport;

await runService({
  name: name === 'publish' ? 'publish' : 'export',
  start: async (env, ambient) => await start(env, { ...ambient, clock }),
  process,
  machine,
});
