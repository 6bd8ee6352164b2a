import { type Logger, type ServiceName, faultTrail } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import type { Timers } from '@keyserver/time';
import type { Meters } from './instruments.ts';
import type { ProcessAttributes } from './open-telemetry.ts';
import type { ProgressWatch } from './progress.ts';
import type { Exporter, Pusher } from './push.ts';
import type { ObserveRequest } from './requests.ts';

/** What a service process measures with. */
export interface Telemetry {
  readonly meters: Meters;
  readonly observeRequest: ObserveRequest;
  readonly progress: Pick<ProgressWatch, 'observe' | 'rest'>;
  /** The figures in the text form of Prometheus, for whoever comes to fetch them. */
  readonly text: () => Promise<string>;
  /** Sends what is left. It never rejects. */
  readonly close: () => Promise<void>;
}

/** Where figures and traces are sent, and as whose. */
export interface OpenExporter extends Exporter {
  /** What this exporter needs to know of the process, besides what every process tells. */
  readonly attributes: ProcessAttributes;
}

/** What opening telemetry needs. */
export interface TelemetryOptions {
  readonly service: ServiceName;
  /** Tells this process from others of the same service. */
  readonly instance: string;
  readonly timers: Timers;
  /** Where a failure to send is told of. */
  readonly log: Logger;
  /** Sends everything there; without one the figures wait to be fetched, and there are no traces. */
  readonly exporter?: OpenExporter | undefined;
  /** How many of a hundred requests are traced. */
  readonly tracePercent: number;
  readonly random: Random;
  /** Between two sendings, ms. */
  readonly intervalMs: number;
}

/** Opens the figures and traces of a process. The SDK is loaded only here, since a process without telemetry does not need it. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const [{ openTelemetry }, { progressWatch }, { pusher }] = await Promise.all([
    import('./open-telemetry.ts'),
    import('./progress.ts'),
    import('./push.ts'),
  ]);
  const { service, instance, log, exporter } = options;
  const progress = progressWatch({
    timers: options.timers,
    onFault: (fault) => {
      log.event('telemetry.progress_unread', { causes: faultTrail(fault) });
    },
  });
  let push: Pusher | undefined;
  const { meters, observeRequest, text, figures } = openTelemetry({
    attributes: {
      ...{ 'service.namespace': 'keyserver', 'service.name': service },
      'service.instance.id': instance,
      ...exporter?.attributes,
    },
    tracePercent: exporter === undefined ? 0 : options.tracePercent,
    random: options.random,
    instants: progress.instants,
    onSpan: (span) => push?.keep(span),
  });
  if (exporter !== undefined)
    push = pusher({
      ...{ exporter, figures, timers: options.timers, intervalMs: options.intervalMs },
      onFailure: (signal, fault) => {
        log.event('telemetry.export_failed', { signal, causes: faultTrail(fault) });
      },
      onLost: (spans) => {
        meters.add('keyserver_spans_dropped_total', {}, spans);
      },
    });
  const close = async (): Promise<void> => await push?.close();
  return { meters, observeRequest, progress, text, close };
}
