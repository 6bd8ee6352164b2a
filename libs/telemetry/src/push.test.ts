import { MINUTE, SECOND } from '@keyserver/time';
import { type ManualTimers, manualTimers } from '@keyserver/time/testing';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { type Exporter, type Pusher, pusher } from './push.ts';

const NO_FIGURES = {} as ResourceMetrics;
const aSpan = (): ReadableSpan => ({}) as ReadableSpan;

interface Sent {
  readonly timers: ManualTimers;
  readonly push: Pusher;
  readonly sent: string[];
  readonly failures: string[];
  readonly lost: () => number;
}

/** A pusher over an exporter that takes everything, but for what a test changes. */
function aPusher(exporter: Partial<Exporter> = {}): Sent {
  const timers = manualTimers();
  const sent: string[] = [];
  const failures: string[] = [];
  let lost = 0;
  const push = pusher({
    timers,
    intervalMs: MINUTE,
    figures: async () => await Promise.resolve(NO_FIGURES),
    exporter: {
      sendFigures: async () => {
        sent.push('figures');
        await Promise.resolve();
      },
      sendSpans: async (spans) => {
        sent.push(`${spans.length} spans`);
        await Promise.resolve();
      },
      ...exporter,
    },
    onFailure: (signal, fault) => failures.push(`${signal}: ${String(fault)}`),
    onLost: (spans) => (lost += spans),
  });
  return { timers, push, sent, failures, lost: () => lost };
}

const away = async (): Promise<never> => await Promise.reject(new Error('away'));

describe('sending what a process has measured', () => {
  it('happens at every interval, and of traces only when there are any', async () => {
    const { timers, push, sent } = aPusher();
    await timers.advance(MINUTE);
    push.keep(aSpan());
    push.keep(aSpan());
    await timers.advance(MINUTE);
    expect(sent).toEqual(['figures', '2 spans', 'figures']);
  });

  it('happens a last time at the end, and never after it', async () => {
    const { timers, push, sent } = aPusher();
    push.keep(aSpan());
    await push.close();
    expect(sent).toEqual(['1 spans', 'figures']);
    await timers.advance(10 * MINUTE);
    expect(sent).toHaveLength(2);
  });

  it('does not wait for the interval when many traces have come together', async () => {
    const { timers, push, sent } = aPusher();
    for (let n = 0; n < 513; n++) push.keep(aSpan());
    await timers.advance(0);
    expect(sent).toEqual(['512 spans']);
    await push.close();
    expect(sent).toEqual(['512 spans', '1 spans', 'figures']);
  });

  it('keeps no more traces than it can hold while an exporter hangs, and counts the others', async () => {
    const { timers, push, failures, lost } = aPusher({
      sendSpans: async () => {
        await new Promise(() => undefined);
      },
    });
    for (let n = 0; n < 3000; n++) push.keep(aSpan());
    expect(lost()).toBe(3000 - 2048);
    await timers.advance(10 * SECOND);
    expect(failures[0]).toMatch(/^traces: .*no answer within 10000 ms/);
    expect(lost()).toBe(3000); // those that were on their way have not arrived
  });
});

describe('a sending that fails', () => {
  it('is told of for each signal, and the next one is tried all the same', async () => {
    const { timers, push, sent, failures, lost } = aPusher({ sendSpans: away });
    push.keep(aSpan());
    await timers.advance(MINUTE);
    await timers.advance(MINUTE);
    expect(failures).toEqual(['traces: Error: away']);
    expect([sent, lost()]).toEqual([['figures', 'figures'], 1]);
    const other = aPusher({ sendFigures: away });
    await other.timers.advance(MINUTE);
    await other.timers.advance(MINUTE);
    expect(other.failures).toEqual(['metrics: Error: away', 'metrics: Error: away']);
  });

  it('keeps no process from ending', async () => {
    const { timers, push, failures } = aPusher({
      sendFigures: async () => {
        await new Promise(() => undefined);
      },
    });
    const closed = push.close();
    await timers.advance(3 * SECOND);
    await closed;
    expect(failures).toEqual([expect.stringContaining('no answer within 3000 ms')]);
    expect(timers.waiting).toBe(0);
  });
});
