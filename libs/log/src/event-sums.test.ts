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
import { type HandTimer, handTimer } from './testing/hand-timer.ts';

interface Line {
  readonly message: string;
  readonly [field: string]: unknown;
}

function logOf(level: LogLevel = 'info'): {
  readonly log: ProcessLog;
  readonly timer: HandTimer;
  readonly lines: (message?: string) => readonly Line[];
} {
  const written: string[] = [];
  const timer = handTimer();
  const log = createLogger({
    service: 'publish',
    write: (line) => written.push(line),
    clock: simulatedClock(unixMillis(0)),
    level,
    later: timer.later,
  });
  const lines = (message?: string): readonly Line[] =>
    written
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => message === undefined || line.message === message);
  return { log, timer, lines };
}

const refuse = (log: Pick<ProcessLog, 'event'>, times: number): void => {
  for (let n = 0; n < times; n++) log.event('publish.refused', { code: 'bad_request' });
};

describe('events that anybody may cause', () => {
  it('are logged one by one while they are few', () => {
    const { log, timer, lines } = logOf();
    refuse(log, LOGGED_EACH);
    timer.pass(MINUTE);
    expect(lines('publish.refused')).toHaveLength(LOGGED_EACH);
    expect(lines('log.events_summed')).toEqual([]);
  });

  it('are counted in one line a minute when there are many', () => {
    const { log, timer, lines } = logOf();
    refuse(log, 110_000);
    timer.pass(MINUTE);
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

  it('get lines of their own again in the next minute', () => {
    const { log, timer, lines } = logOf();
    refuse(log, 100);
    timer.pass(MINUTE);
    refuse(log, 1);
    expect(lines().at(-1)).toMatchObject({ message: 'publish.refused' });
    timer.pass(MINUTE);
    expect(lines('log.events_summed')).toHaveLength(1);
  });

  it('are counted kind by kind, so that many of one hide none of another', () => {
    const { log, timer, lines } = logOf();
    refuse(log, 1000);
    log.event('publish.refused', { code: 'unknown_health_authority_id' });
    for (let n = 0; n < 50; n++)
      log.event('request.fault', { status: 500, causes: faultTrail(new TypeError('x')) });
    log.event('request.fault', { status: 503, causes: faultTrail(new Error('x')) });
    timer.pass(MINUTE);
    expect(lines()).toContainEqual(
      expect.objectContaining({ code: 'unknown_health_authority_id', message: 'publish.refused' }),
    );
    expect(lines('request.fault').at(-1)).toMatchObject({ status: 503 });
    expect(lines('log.events_summed').slice(1)).toMatchObject([
      { event: 'request.fault', status: 500, class: 'TypeError', count: 50 - LOGGED_EACH },
    ]);
  });

  it('are counted together for all requests', () => {
    const { log, timer, lines } = logOf();
    for (let n = 0; n < 100; n++)
      refuse(log.child({ requestId: requestIdOf(new Uint8Array(16).fill(n)) }), 1);
    timer.pass(MINUTE);
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
  ] as const)('are bounded as %s too', (name) => {
    const { log, timer, lines } = logOf('debug');
    for (let n = 0; n < 100; n++) {
      if (name === 'caller.refused') log.event(name, { reason: 'missing' });
      else if (name === 'caller.unverifiable') log.event(name, { causes: [] });
      else if (name === 'publish.window_covered')
        log.event(name, { config: configuredId({ id: 'de' }) });
      else log.event(name, {});
    }
    timer.pass(MINUTE);
    expect(lines(name)).toHaveLength(LOGGED_EACH);
    expect(lines('log.events_summed')).toMatchObject([{ event: name }]);
  });

  it('are not counted where they would not be logged', () => {
    const { log, timer, lines } = logOf('warning');
    refuse(log, 1000);
    timer.pass(MINUTE);
    expect(lines()).toEqual([]);
  });

  it('are summed before a process ends, and only once', () => {
    const { log, timer, lines } = logOf();
    refuse(log, 100);
    timer.pass(SECOND);
    log.flush();
    log.flush();
    timer.pass(MINUTE);
    expect(lines('log.events_summed')).toMatchObject([{ count: 100 - LOGGED_EACH }]);
  });
});

it('gives every other event a line of its own, however many there are', () => {
  const { log, lines } = logOf();
  for (let n = 0; n < 100; n++) log.event('job.too_early', { job: 'do-work' });
  expect(lines('job.too_early')).toHaveLength(100);
});
