import { simulatedClock, unixMillis, systemTimers } from '@keyserver/time';
import { SEVERITY } from './events.ts';
import {
  type EventName,
  type Events,
  type LogLevel,
  cloudTrace,
  configuredId,
  createLogger,
  requestIdOf,
} from './index.ts';

function logTo(lines: string[], level?: LogLevel): ReturnType<typeof createLogger> {
  const clock = simulatedClock(unixMillis(Date.UTC(2021, 4, 4, 10, 17)));
  const write = (line: string): unknown => lines.push(line);
  return createLogger({
    timers: systemTimers,
    service: 'publish',
    write,
    clock,
    ...(level && { level }),
  });
}

// A field may be a number, a boolean, a word of a closed union, a branded string, or a list or record of those. A type
// that takes any string is answered with its event's name, and the assignment below fails to compile.
type Closed<T> = T extends number | boolean | undefined
  ? true
  : T extends string
    ? string extends T
      ? false
      : true
    : T extends readonly (infer E)[]
      ? Closed<E>
      : T extends object
        ? false extends { [F in keyof T]-?: Closed<T[F]> }[keyof T]
          ? false
          : true
        : false;
type OpenEvents = { [N in EventName]: false extends Closed<Events[N]> ? N : never }[EventName];

describe('the catalogue of events', () => {
  it('has no field that takes any text', () => {
    const open: OpenEvents[] = [];
    const isOpen: false extends Closed<{ word: 'a' | 'b'; note?: string }> ? true : false = true;
    const isShut: false extends Closed<{ word: 'a' | 'b'; n: number }> ? true : false = false;
    expect({ open, isOpen, isShut }).toEqual({ open: [], isOpen: true, isShut: false });
  });

  it('names each event after what it belongs to', () => {
    for (const name of Object.keys(SEVERITY)) expect(name).toMatch(/^[a-z]+\.[a-z_]+$/);
  });
});

describe('a log', () => {
  it('writes one line of JSON for each event, as Cloud Logging reads it', () => {
    const lines: string[] = [];
    const counts = { inserted: 3, revised: 0, dropped: 1, warned: 0 };
    const fields = { app: configuredId({ id: 'com.example' }), ...counts, regions: [] };
    logTo(lines).event('publish.accepted', fields);
    expect(lines).toEqual([expect.stringMatching(/^\{[^\n]*\}\n$/)]);
    expect(JSON.parse(lines.join(''))).toEqual({
      severity: 'INFO',
      time: '2021-05-04T10:17:00.000Z',
      service: 'publish',
      app: 'com.example',
      inserted: 3,
      revised: 0,
      dropped: 1,
      warned: 0,
      regions: [],
      message: 'publish.accepted',
    });
  });

  it('gives the lines of one request its id and its trace', () => {
    const lines: string[] = [];
    const id = 'a'.repeat(32);
    const trace = cloudTrace({ 'x-cloud-trace-context': `${id}/1;o=1` }, 'our-project');
    const requestId = requestIdOf(new Uint8Array(16));
    logTo(lines).child({ requestId, trace }).event('job.too_early', { job: 'do-work' });
    logTo(lines).child({ requestId }).event('job.too_early', { job: 'do-work' });
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toMatchObject({
      requestId,
      'logging.googleapis.com/trace': `projects/our-project/traces/${id}`,
    });
    expect(second).not.toHaveProperty(['logging.googleapis.com/trace']);
  });

  it.each([
    ['debug', ['publish.aborted', 'service.stopped', 'caller.refused', 'export.no_signer']],
    ['info', ['service.stopped', 'caller.refused', 'export.no_signer']],
    ['warning', ['caller.refused', 'export.no_signer']],
    ['error', ['export.no_signer']],
  ] as const)('at level %s leaves out what matters less', (level, kept) => {
    const lines: string[] = [];
    const log = logTo(lines, level);
    log.event('publish.aborted', {});
    log.event('service.stopped', {});
    log.event('caller.refused', { reason: 'missing' });
    log.event('export.no_signer', { config: configuredId({ id: 'de' }) });
    const written = lines.map((line) => (JSON.parse(line) as { message: string }).message);
    expect(written).toEqual(kept);
  });
});
