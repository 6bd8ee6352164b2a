import {
  type Attributes,
  type Counter,
  type Histogram,
  type Meter,
  type ObservableGauge,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, MetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import {
  type ReadableSpan,
  AlwaysOnSampler,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Random } from '@keyserver/random';
import { SECOND } from '@keyserver/time';
import {
  COUNTERS,
  type CounterName,
  HISTOGRAMS,
  type HistogramName,
  type Meters,
} from './instruments.ts';
import { INSTANTS, type InstantName, type ReadInstant } from './instants.ts';
import { type EndedRequest, type ObserveRequest, blameOf } from './requests.ts';

/** What every figure and trace of a process carries, such as the name of its service. */
export type ProcessAttributes = Readonly<Record<string, string>>;

/** The figures and traces of a process, and how to take them out of it. */
export interface OpenTelemetry {
  readonly meters: Meters;
  readonly observeRequest: ObserveRequest;
  /** All figures as they are now: sums since the start of the process. */
  readonly figures: () => Promise<ResourceMetrics>;
  /** The figures in the text form of Prometheus. */
  readonly text: () => Promise<string>;
}

/** Figures and traces over the SDK of OpenTelemetry. Nothing is read from the environment, and no timer is set. */
export function openTelemetry(options: {
  readonly attributes: ProcessAttributes;
  /** How many of a hundred requests are traced. */
  readonly tracePercent: number;
  readonly random: Random;
  /** How far the service has come, asked whenever figures are taken; must not reject. */
  readonly instants: () => Promise<readonly ReadInstant[]>;
  /** Takes a trace that has ended; must not throw. */
  readonly onSpan: (span: ReadableSpan) => void;
}): OpenTelemetry {
  const resource = resourceFromAttributes(options.attributes);
  const reader = new Reader();
  const meter = new MeterProvider({ resource, readers: [reader] }).getMeter('keyserver');
  const meters = metersOver(meter);
  observeInstants(meter, options.instants);
  const trace = tracing(resource, options);
  const prometheus = new PrometheusSerializer(undefined, false, undefined, false, true);
  const figures = async (): Promise<ResourceMetrics> => (await reader.collect()).resourceMetrics;
  return {
    meters,
    figures,
    text: async () => prometheus.serialize(await figures()),
    observeRequest: (request) => {
      const { route, result, ms } = request;
      const labels = { route: route ?? 'none', result, blame: blameOf(request) } as const;
      meters.observe('keyserver_request_seconds', labels, ms / SECOND);
      trace(request);
    },
  };
}

/** Gives figures when it is asked, and never by itself. */
class Reader extends MetricReader {
  protected override async onShutdown(): Promise<void> {
    await Promise.resolve();
  }
  protected override async onForceFlush(): Promise<void> {
    await Promise.resolve();
  }
}

function metersOver(meter: Meter): Meters {
  const counters = new Map<CounterName, Counter>();
  const histograms = new Map<HistogramName, Histogram>();
  for (const name of namesOf(COUNTERS)) {
    const { about: description, unit } = COUNTERS[name];
    counters.set(name, meter.createCounter(name, { description, unit }));
  }
  for (const name of namesOf(HISTOGRAMS)) {
    const { about: description, unit, bounds } = HISTOGRAMS[name];
    const advice = { explicitBucketBoundaries: [...bounds] };
    histograms.set(name, meter.createHistogram(name, { description, unit, advice }));
  }
  return {
    add: (name, labels, by = 1) => counters.get(name)?.add(by, labels),
    observe: (name, labels, value) => histograms.get(name)?.record(value, labels),
  };
}

/** One gauge for each instant. Only what is told has a series: that of an export that is gone ends. */
function observeInstants(meter: Meter, instants: () => Promise<readonly ReadInstant[]>): void {
  const gauges = new Map<InstantName, ObservableGauge>();
  for (const name of namesOf(INSTANTS)) {
    const { about: description, unit } = INSTANTS[name];
    gauges.set(name, meter.createObservableGauge(name, { description, unit }));
  }
  meter.addBatchObservableCallback(
    async (observed) => {
      for (const { name, labels, at } of await instants()) {
        const gauge = gauges.get(name);
        if (gauge !== undefined) observed.observe(gauge, at / SECOND, labels);
      }
    },
    [...gauges.values()],
  );
}

const isNameOf = <T extends object>(table: T, name: PropertyKey): name is keyof T => name in table;
const namesOf = <T extends object>(table: T): (keyof T)[] =>
  Object.keys(table).filter((name) => isNameOf(table, name));

function tracing(
  resource: Resource,
  {
    tracePercent,
    random,
    onSpan,
  }: Omit<Parameters<typeof openTelemetry>[0], 'attributes' | 'instants'>,
): (request: EndedRequest) => void {
  const done = async (): Promise<void> => {
    await Promise.resolve();
  };
  const processor: SpanProcessor = {
    ...{ onStart: () => undefined, onEnd: onSpan },
    ...{ forceFlush: done, shutdown: done },
  };
  // Chosen before a span is made, which costs more than all figures of a request.
  const sampler = new AlwaysOnSampler();
  const provider = new TracerProvider({ resource, sampler, spanProcessors: [processor] });
  const tracer = provider.getTracer('keyserver');
  return (request) => {
    if (random.below(100) < tracePercent) traceRequest(tracer, request);
  };
}

/** A trace of its own for each request: a trace that a client has begun is never gone on with. */
function traceRequest(tracer: Tracer, request: EndedRequest): void {
  const { route, method, status, startedAt, ms, callersTrace } = request;
  const name = route === undefined ? method : `${method} ${route}`;
  const span = tracer.startSpan(
    name,
    { kind: SpanKind.SERVER, startTime: startedAt, attributes: attributesOf(request), root: true },
    ROOT_CONTEXT,
  );
  if (callersTrace !== undefined)
    span.addLink({ context: { ...callersTrace, traceFlags: TraceFlags.NONE, isRemote: true } });
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(startedAt + ms);
}

const attributesOf = ({ route, method, status, result }: EndedRequest): Attributes => ({
  'http.request.method': method,
  ...(route === undefined ? {} : { 'http.route': route }),
  'http.response.status_code': status,
  'keyserver.result': result,
});
