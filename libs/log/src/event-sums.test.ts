import { MINUTE, SECOND, simulatedClock, unixMillis } from '@keyserver/time';
import { LOGGED_EACH } from './event-sums.ts';
import {
  type LogLevel,
  type ProcessLog,
  configuredId,
  createLogger,
  faultTrail,
  requestIdOf,
} from './index.ts';
import { type ManualTimers, manualTimers } from '@keyserver/time/testing';

interface Line {
  readonly message: string;
  readonly [field: string]: unknown;
}

function logOf(level: LogLevel = 'info'): {
  readonly log: ProcessLog;
  readonly timers: ManualTimers;
  readonly lines: (message?: string) => readonly Line[];
} {
  const written: string[] = [];
  const timers = manualTimers();
  const log = createLogger({
    service: 'publish',
    write: (line) => written.push(line),
    clock: simulatedClock(unixMillis(0)),
    level,
    timers,
  });
  const lines = (message?: string): readonly Line[] =>
    written
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => message === undefined || line.message === message);
  return { log, timers, lines };
}

const refuse = (log: Pick<ProcessLog, 'event'>, times: number): void => {
  for (let n = 0; n < times; n++) log.event('publish.refused', { code: 'bad_request' });
};

describe('events that anybody may cause', () => {
  it('are logged one by one while they are few', async () => {
    const { log, timers, lines } = logOf();
    refuse(log, LOGGED_EACH);
    await timers.advance(MINUTE);
    expect(lines('publish.refused')).toHaveLength(LOGGED_EACH);
    expect(lines('log.events_summed')).toEqual([]);
  });

  it('are counted in one line a minute when there are many', async () => {
    const { log, timers, lines } = logOf();
    refuse(log, 110_000);
    await timers.advance(MINUTE);
    expect(lines('publish.refused')).toHaveLength(LOGGED_EACH);
    expect(lines('log.events_summed')).toMatchObject([
      {
        severity: 'WARNING',
        event: 'publish.refused',
        code: 'bad_request',
        count: 110_000 - LOGGED_EACH,
      },
    ]);
  });

  it('get lines of their own again in the next minute', async () => {
    const { log, timers, lines } = logOf();
    refuse(log, 100);
    await timers.advance(MINUTE);
    refuse(log, 1);
    expect(lines().at(-1)).toMatchObject({ message: 'publish.refused' });
    await timers.advance(MINUTE);
    expect(lines('log.events_summed')).toHaveLength(1);
  });

  it('are counted kind by kind, so that many of one hide none of another', async () => {
    const { log, timers, lines } = logOf();
    refuse(log, 1000);
    log.event('publish.refused', { code: 'unknown_health_authority_id' });
    for (let n = 0; n < 50; n++)
      log.event('request.fault', { status: 500, causes: faultTrail(new TypeError('x')) });
    log.event('request.fault', { status: 503, causes: faultTrail(new Error('x')) });
    await timers.advance(MINUTE);
    expect(lines()).toContainEqual(
      expect.objectContaining({ code: 'unknown_health_authority_id', message: 'publish.refused' }),
    );
    expect(lines('request.fault').at(-1)).toMatchObject({ status: 503 });
    expect(lines('log.events_summed').slice(1)).toMatchObject([
      { event: 'request.fault', status: 500, class: 'TypeError', count: 50 - LOGGED_EACH },
    ]);
  });

  it('are counted together for all requests', async () => {
    const { log, timers, lines } = logOf();
    for (let n = 0; n < 100; n++)
      refuse(log.child({ requestId: requestIdOf(new Uint8Array(16).fill(n)) }), 1);
    await timers.advance(MINUTE);
    expect(lines('publish.refused')).toHaveLength(LOGGED_EACH);
    const [sum] = lines('log.events_summed');
    expect(sum).toMatchObject({ count: 100 - LOGGED_EACH });
    expect(sum).not.toHaveProperty('requestId');
  });

  it.each([
    'caller.refused',
    'caller.unverifiable',
    'publish.aborted',
    'publish.window_covered',
    'request.unreadable',
  ] as const)('are bounded as %s too', async (name) => {
    const { log, timers, lines } = logOf('debug');
    for (let n = 0; n < 100; n++) {
      if (name === 'caller.refused') log.event(name, { reason: 'missing' });
      else if (name === 'request.unreadable') log.event(name, { reason: 'malformed' });
      else if (name === 'caller.unverifiable') log.event(name, { causes: [] });
      else if (name === 'publish.window_covered')
        log.event(name, { config: configuredId({ id: 'de' }) });
      else log.event(name, {});
    }
    await timers.advance(MINUTE);
    expect(lines(name)).toHaveLength(LOGGED_EACH);
    expect(lines('log.events_summed')).toMatchObject([{ event: name }]);
  });

  it('are not counted where they would not be logged', async () => {
    const { log, timers, lines } = logOf('warning');
    refuse(log, 1000);
    await timers.advance(MINUTE);
    expect(lines()).toEqual([]);
  });

  it('are summed before a process ends, and only once', async () => {
    const { log, timers, lines } = logOf();
    refuse(log, 100);
    await timers.advance(SECOND);
    log.flush();
    log.flush();
    await timers.advance(MINUTE);
    expect(lines('log.events_summed')).toMatchObject([{ count: 100 - LOGGED_EACH }]);
  });
});

it('gives every other event a line of its own, however many there are', () => {
  const { log, lines } = logOf();
  for (let n = 0; n < 100; n++) log.event('job.too_early', { job: 'do-work' });
  expect(lines('job.too_early')).toHaveLength(100);
});
