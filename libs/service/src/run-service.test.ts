import { EventEmitter, once } from 'node:events';
import { integer, loadSettings, settings } from '@keyserver/config';
import { serviceUrl } from '@keyserver/log';
import { type Timers, systemTimers } from '@keyserver/time';
import { manualTimers } from '@keyserver/time/testing';
import { machine } from '../../../test/support/machine.ts';
import { ListenFault, type RunningService, type StartService, runService } from './index.ts';
import type { ServiceProcess } from './run-service.ts';

type Write = (text: string) => Error | null;

/** A stream that, like those of a process, tells a fault to the write and then to everybody. */
function testStream(write: Write): ServiceProcess['stdout'] {
  const faults = new EventEmitter();
  return {
    writableLength: 0,
    on: (event, listener) => faults.on(event, listener),
    write: (text, done) => {
      const fault = write(text);
      done(fault);
      if (fault !== null) faults.emit('error', fault);
    },
  };
}

/** A process that remembers what it printed and how it ended. */
class TestProcess extends EventEmitter implements ServiceProcess {
  readonly env: ServiceProcess['env'];
  readonly out: string[] = [];
  readonly err: string[] = [];
  /** Why nothing can be written to its output. */
  broken: Error | undefined;
  readonly stdout = testStream((text) => {
    if (this.broken !== undefined) return this.broken;
    this.out.push(text);
    return null;
  });
  readonly stderr = testStream((text) => {
    this.err.push(text);
    return null;
  });

  constructor(env: ServiceProcess['env'] = {}) {
    super();
    this.env = env;
  }

  exit(code: number): void {
    this.emit('exit', code);
  }

  events(): readonly Record<string, unknown>[] {
    const lines = this.out.join('').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

const url = serviceUrl('127.0.0.1', 8080);
const idle: RunningService = { url, close: () => Promise.resolve() };
const messages = (tested: TestProcess): unknown[] => tested.events().map(({ message }) => message);

async function exitOf(process: TestProcess, act: () => unknown): Promise<number> {
  const exited = once(process, 'exit');
  act();
  const [code] = (await exited) as [number];
  return code;
}

async function run(
  start: StartService,
  env = {},
  timers: Timers = systemTimers,
): Promise<TestProcess> {
  const process = new TestProcess(env);
  await runService({ name: 'publish', start, process, machine: { ...machine, timers } });
  return process;
}

async function fail(start: StartService, env = {}): Promise<TestProcess & { code: number }> {
  const process = new TestProcess(env);
  const code = await exitOf(process, () =>
    runService({ name: 'publish', start, process, machine }),
  );
  return Object.assign(process, { code });
}

/** Lines are written once a turn of the event loop has brought none. */
const endOfTurn = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
};

describe('running a service', () => {
  it('hands over the environment and what is ambient, and logs where it listens', async () => {
    let given: Parameters<StartService> | undefined;
    const start: StartService = (...args) => {
      given = args;
      return Promise.resolve(idle);
    };
    const process = await run(start, { PORT: '8080' });
    expect(given?.[0]).toEqual({ PORT: '8080' });
    expect(given?.[1].clock.now()).toBeGreaterThan(0);
    expect(given?.[1].random.bytes(4)).toHaveLength(4);
    given?.[1].openLog('debug').event('publish.aborted', {});
    await endOfTurn();
    expect(process.events()).toMatchObject([
      { message: 'service.started', service: 'publish', url: 'http://127.0.0.1:8080' },
      { message: 'publish.aborted', service: 'publish' },
    ]);
  });

  it.each(['SIGTERM', 'SIGINT', 'disconnect'])('ends in order on %s', async (cause) => {
    let closed = 0;
    const close = (): Promise<void> => {
      closed += 1;
      return Promise.resolve();
    };
    const process = await run(() => Promise.resolve({ url, close }));
    const code = await exitOf(process, () => {
      process.emit(cause);
      process.emit('SIGINT');
    });
    expect([code, closed]).toEqual([0, 1]);
    expect(messages(process)).toEqual(['service.started', 'service.stopping', 'service.stopped']);
    expect(process.events()[1]).toMatchObject({ cause });
  });

  it('exits with 1 when it cannot end in order', async () => {
    const close = (): Promise<void> => Promise.reject(new Error('the store is away'));
    const process = await run(() => Promise.resolve({ url, close }));
    expect(await exitOf(process, () => process.emit('SIGTERM'))).toBe(1);
    expect(messages(process).at(-1)).toBe('service.crashed');
  });

  it('exits with 1 when it does not end at all', async () => {
    const close = async (): Promise<void> => {
      await new Promise(() => undefined);
    };
    const timers = manualTimers();
    const process = await run(() => Promise.resolve({ url, close }), {}, timers);
    process.emit('SIGTERM');
    expect(
      await exitOf(process, async () => {
        await timers.advance(8000);
      }),
    ).toBe(1);
  });

  it.each(['uncaughtException', 'unhandledRejection'])('exits with 1 on %s', async (event) => {
    const process = await run(() => Promise.resolve(idle));
    const fault = new TypeError('no key 0123abcd');
    expect(await exitOf(process, () => process.emit(event, fault))).toBe(1);
    expect(process.events()[1]).toMatchObject({
      message: 'service.crashed',
      severity: 'CRITICAL',
      causes: [{ class: 'TypeError' }],
    });
    expect([...process.out, ...process.err].join('')).not.toContain('0123abcd');
  });
});

describe('a service whose log cannot be written', () => {
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

  async function started(): Promise<{
    process: TestProcess;
    ambient: Parameters<StartService>[1];
  }> {
    let ambient: Parameters<StartService>[1] | undefined;
    const process = await run((_env, given) => {
      ambient = given;
      return Promise.resolve(idle);
    });
    return { process, ambient: ambient! };
  }

  it('goes on, says so outside the log, and fails in health', async () => {
    const { process, ambient } = await started();
    const log = ambient.openLog('info');
    process.broken = full;
    for (let n = 0; n < 3; n++) log.event('job.too_early', { job: 'do-work' });
    await endOfTurn();
    expect(process.err).toEqual([
      'publish cannot write its log (ENOSPC); it goes on, and counts the lines that are lost\n',
    ]);
    await expect(ambient.logHealth()).rejects.toMatchObject({ code: 'log_unwritable' });
    process.broken = undefined;
    await exitOf(process, () => process.emit('SIGTERM'));
  });

  it('says how many lines are missing when it ends', async () => {
    const { process, ambient } = await started();
    process.broken = full;
    ambient.openLog('info').event('job.too_early', { job: 'do-work' });
    await endOfTurn();
    expect(
      await exitOf(process, () => {
        process.emit('SIGTERM');
        process.broken = undefined;
      }),
    ).toBe(0);
    expect(process.events().slice(1)).toMatchObject([
      { message: 'log.writable', service: 'publish', output: 'stdout', lost: 3 },
    ]);
    expect(process.err.at(-1)).toBe('publish writes its log again; 3 lines are missing\n');
  });

  it('ends in order when nobody reads it any more', async () => {
    const { process } = await started();
    process.broken = Object.assign(new Error('broken pipe'), { code: 'EPIPE' });
    expect(await exitOf(process, () => process.emit('disconnect'))).toBe(0);
  });

  it('fails in health while its launcher cannot keep the lines', async () => {
    const { process, ambient } = await started();
    await expect(ambient.logHealth()).resolves.toBeUndefined();
    process.emit('message', { logIsKept: false });
    await expect(ambient.logHealth()).rejects.toMatchObject({ code: 'log_unwritable' });
    for (const other of [null, 'text', {}, { logIsKept: 'yes' }]) process.emit('message', other);
    await expect(ambient.logHealth()).rejects.toMatchObject({ code: 'log_unwritable' });
    process.emit('message', { logIsKept: true });
    await expect(ambient.logHealth()).resolves.toBeUndefined();
  });

  it.each(['SIGTERM', 'uncaughtException'])('writes the sums that it owes on %s', async (event) => {
    const { process, ambient } = await started();
    const log = ambient.openLog('info');
    for (let n = 0; n < 100; n++) log.event('publish.refused', { code: 'bad_request' });
    await exitOf(process, () => process.emit(event, new Error('x')));
    expect(process.events()).toContainEqual(
      expect.objectContaining({ message: 'log.events_summed', count: 80 }),
    );
  });
});

describe('a service that cannot start', () => {
  const declared = settings({
    PORT: integer({ min: 0, max: 65_535, about: 'Where it listens.' }),
    DAYS: integer({ min: 1, max: 30, about: 'How long it keeps.' }),
  });

  it('lists the wrong settings in one line, without their values', async () => {
    const start: StartService = (env) => {
      loadSettings(declared, env);
      return Promise.resolve(idle);
    };
    const process = await fail(start, { PORT: 'swordfish' });
    expect(process.code).toBe(1);
    expect(process.err).toEqual([
      'publish cannot start: wrong settings: PORT must be a whole number from 0 to 65535; ' +
        'DAYS is missing, it must be a whole number from 1 to 30\n',
    ]);
    expect(process.events()).toMatchObject([
      { message: 'config.refused', severity: 'CRITICAL', settings: ['PORT', 'DAYS'] },
    ]);
    expect(process.out.join('')).not.toContain('swordfish');
  });

  it('says which port is busy', async () => {
    const fault = new ListenFault('port 8080 is already in use by another program');
    const process = await fail(() => Promise.reject(fault));
    expect(process.err).toEqual([
      'publish cannot start: port 8080 is already in use by another program\n',
    ]);
    expect(process.events()).toMatchObject([
      { message: 'service.not_started', causes: [{ class: 'ListenFault' }] },
    ]);
  });

  it('says why in a single line, whatever was thrown', async () => {
    const fault = new Error('the data directory\n  cannot be written');
    const process = await fail(() => Promise.reject(fault));
    expect(process.err).toEqual(['publish cannot start: the data directory cannot be written\n']);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a dependency might do
    const other = await fail(() => Promise.reject('away'));
    expect(other.err).toEqual(['publish cannot start: an unknown fault\n']);
  });
});
