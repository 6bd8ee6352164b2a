import { within } from '@keyserver/retry';
import type { TelemetrySignal } from '@keyserver/log';
import { type Timers, SECOND, every } from '@keyserver/time';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** Sends figures and traces to where they are kept; rejects when they have not arrived. */
export interface Exporter {
  readonly sendFigures: (figures: ResourceMetrics, signal: AbortSignal) => Promise<void>;
  readonly sendSpans: (spans: readonly ReadableSpan[], signal: AbortSignal) => Promise<void>;
}

/** Sends what a process has measured, from time to time and a last time. */
export interface Pusher {
  /** Keeps a trace until it is sent. */
  readonly keep: (span: ReadableSpan) => void;
  /** Sends what is left, within its patience, and ends. */
  readonly close: () => Promise<void>;
}

/** What sending needs. */
export interface PushParts {
  readonly exporter: Exporter;
  readonly figures: () => Promise<ResourceMetrics>;
  readonly timers: Timers;
  /** Between two sendings, ms. */
  readonly intervalMs: number;
  readonly onFailure: (signal: TelemetrySignal, fault: unknown) => void;
  /** Hears how many traces were lost. */
  readonly onLost: (spans: number) => void;
}

/** Traces are sent before the interval has passed when so many wait. */
const SENT_TOGETHER = 512;
/** Traces that may wait, on their way or not; each takes about a kilobyte. */
const MOST_WAITING = 2048;
/** How long one sending may take. */
const PATIENCE = 10 * SECOND;
/** How long the last sending may take: Cloud Run grants 10 seconds for the end of a process, of which requests may take 4. */
const LAST_PATIENCE = 3 * SECOND;

/** Sends at every interval. What fails is told of and keeps nothing else from going on. */
export function pusher(parts: PushParts): Pusher {
  const { exporter, figures, timers, intervalMs, onFailure, onLost } = parts;
  let waiting: ReadableSpan[] = [];
  let underWay = 0;

  async function sendSpans(patience: number): Promise<void> {
    const spans = waiting;
    if (spans.length === 0) return;
    waiting = [];
    underWay += spans.length;
    try {
      await within({ ms: patience, timers }, async (signal) => {
        await exporter.sendSpans(spans, signal);
      });
    } catch (fault) {
      onLost(spans.length);
      onFailure('traces', fault);
    } finally {
      underWay -= spans.length;
    }
  }

  async function sendFigures(patience: number): Promise<void> {
    try {
      const sums = await figures();
      await within({ ms: patience, timers }, async (signal) => {
        await exporter.sendFigures(sums, signal);
      });
    } catch (fault) {
      onFailure('metrics', fault);
    }
  }

  const sendAll = async (patience: number): Promise<void> => {
    await Promise.all([sendSpans(patience), sendFigures(patience)]);
  };
  const cancel = every(timers, intervalMs, () => void sendAll(PATIENCE), { unref: true });
  return {
    keep: (span) => {
      if (waiting.length + underWay >= MOST_WAITING) onLost(1);
      else if (waiting.push(span) === SENT_TOGETHER) void sendSpans(PATIENCE);
    },
    close: async () => {
      cancel();
      await sendAll(LAST_PATIENCE);
    },
  };
}
