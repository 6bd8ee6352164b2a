import { EventEmitter, once } from 'node:events';
import { jest } from '@jest/globals';
import { integer, loadSettings, settings } from '@keyserver/config';
import { serviceUrl } from '@keyserver/log';
import { ListenFault, type RunningService, type StartService, runService } from './index.ts';
import type { ServiceProcess } from './run-service.ts';

/** A process that remembers what it printed and how it ended. */
class TestProcess extends EventEmitter implements ServiceProcess {
  readonly env: ServiceProcess['env'];
  readonly out: string[] = [];
  readonly err: string[] = [];
  readonly stdout = { write: (text: string): number => this.out.push(text) };
  readonly stderr = { write: (text: string): number => this.err.push(text) };

  constructor(env: ServiceProcess['env'] = {}) {
    super();
    this.env = env;
  }

  exit(code: number): void {
    this.emit('exit', code);
  }

  events(): readonly Record<string, unknown>[] {
    return this.out.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

const url = serviceUrl('127.0.0.1', 8080);
const idle: RunningService = { url, close: () => Promise.resolve() };
const messages = (of: TestProcess): unknown[] => of.events().map(({ message }) => message);

async function exitOf(process: TestProcess, act: () => unknown): Promise<number> {
  const exited = once(process, 'exit');
  act();
  const [code] = (await exited) as [number];
  return code;
}

async function run(start: StartService, env = {}): Promise<TestProcess> {
  const process = new TestProcess(env);
  await runService({ name: 'publish', start, process });
  return process;
}

async function fail(start: StartService, env = {}): Promise<TestProcess & { code: number }> {
  const process = new TestProcess(env);
  const code = await exitOf(process, () => runService({ name: 'publish', start, process }));
  return Object.assign(process, { code });
}

describe('running a service', () => {
  it('hands over the environment and what is ambient, and logs where it listens', async () => {
    let given: Parameters<StartService> | undefined;
    const start: StartService = (...of) => {
      given = of;
      return Promise.resolve(idle);
    };
    const process = await run(start, { PORT: '8080' });
    expect(given?.[0]).toEqual({ PORT: '8080' });
    expect(given?.[1].clock.now()).toBeGreaterThan(0);
    expect(given?.[1].random.bytes(4)).toHaveLength(4);
    given?.[1].write('{"message":"own"}\n');
    expect(process.events()).toMatchObject([
      { message: 'service.started', service: 'publish', url: 'http://127.0.0.1:8080' },
      { message: 'own' },
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
    jest.useFakeTimers();
    try {
      const close = async (): Promise<void> => {
        await new Promise(() => undefined);
      };
      const process = await run(() => Promise.resolve({ url, close }));
      process.emit('SIGTERM');
      expect(
        await exitOf(process, async () => {
          await jest.advanceTimersByTimeAsync(8000);
        }),
      ).toBe(1);
    } finally {
      jest.useRealTimers();
    }
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
