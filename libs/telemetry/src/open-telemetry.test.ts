import { configuredId, routePattern } from '@keyserver/log';
import { seededRandom } from '@keyserver/random/testing';
import { unixMillis } from '@keyserver/time';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { INSTANTS, type ReadInstant } from './instants.ts';
import { COUNTERS, HISTOGRAMS } from './instruments.ts';
import { type OpenTelemetry, openTelemetry } from './open-telemetry.ts';
import { type EndedRequest, blameOf, callersTrace } from './requests.ts';

const route = routePattern({ path: '/v1/publish' });
const TRACE = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };

const aRequest = (of: Partial<EndedRequest> = {}): EndedRequest => ({
  ...{ route, method: 'POST', status: 200, result: 'ok' },
  ...{ startedAt: unixMillis(1_700_000_000_000), ms: 40 },
  ...of,
});

function opened(
  tracePercent: number,
  instants: readonly ReadInstant[] = [],
): OpenTelemetry & { readonly spans: readonly ReadableSpan[] } {
  const spans: ReadableSpan[] = [];
  const onSpan = (span: ReadableSpan): void => {
    spans.push(span);
  };
  const random = seededRandom('traces');
  const attributes = { 'service.name': 'test' };
  return {
    ...openTelemetry({
      ...{ attributes, tracePercent, random, onSpan },
      instants: () => Promise.resolve(instants),
    }),
    spans,
  };
}

describe('figures', () => {
  it('are sums of what was counted, in the text form of Prometheus', async () => {
    const { meters, text } = opened(0);
    const app = configuredId({ id: 'com.example' });
    meters.add('keyserver_verification_bypassed_total', { app }, 2);
    meters.add('keyserver_verification_bypassed_total', { app });
    expect(await text()).toContain('keyserver_verification_bypassed_total{app="com.example"} 3\n');
  });

  it('tell how many requests of a route ended how, and how long they took', async () => {
    const { observeRequest, text } = opened(0);
    observeRequest(aRequest());
    observeRequest(aRequest({ status: 500, result: 'fault', ms: 7000 }));
    observeRequest(aRequest({ route: undefined, status: 404, result: 'not_found' }));
    const page = await text();
    for (const line of [
      'seconds_count{route="/v1/publish",result="ok",blame="none"} 1',
      'seconds_bucket{route="/v1/publish",result="ok",blame="none",le="0.05"} 1',
      'seconds_sum{route="/v1/publish",result="fault",blame="server"} 7',
      'seconds_count{route="none",result="not_found",blame="client"} 1',
    ])
      expect(page).toContain(`keyserver_request_${line}\n`);
  });

  it('say how far something has come, and have no series for what is not told', async () => {
    const name = 'keyserver_export_made_until_timestamp_seconds';
    const at = unixMillis(1_700_000_000_500);
    const page = await opened(0, [{ name, labels: { config: 'us' }, at }]).text();
    expect(page).toContain(`# TYPE ${name} gauge\n`);
    expect(page).toContain(`${name}{config="us"} 1700000000.5\n`);
    expect(page).not.toContain('keyserver_data_key_created_timestamp_seconds{');
  });

  it('stay within bounds when there are more series than anybody reads', async () => {
    const { meters, text } = opened(0);
    for (let n = 0; n < 3000; n++)
      meters.add('keyserver_batches_created_total', { config: configuredId({ id: n }) });
    const page = await text();
    expect(page.match(/^keyserver_batches_created_total\{/gm)?.length).toBeLessThanOrEqual(2001);
    expect(page).toContain('otel_metric_overflow="true"');
  });

  it('have names and labels that every exporter takes as they are', () => {
    // https://docs.cloud.google.com/stackdriver/docs/otlp-metrics/overview, and no special characters for Prometheus.
    for (const [name, { labels }] of Object.entries({ ...COUNTERS, ...HISTOGRAMS, ...INSTANTS }))
      for (const word of [name, ...labels]) expect(word).toMatch(/^[a-z][a-z_]*$/);
    for (const name of Object.keys(COUNTERS)) expect(name).toMatch(/_total$/);
    for (const name of Object.keys(INSTANTS)) expect(name).toMatch(/_timestamp_seconds$/);
  });
});

describe('the trace of a request', () => {
  it('says the route, the status and the result, and belongs to nobody else', () => {
    const { observeRequest, spans } = opened(100);
    observeRequest(aRequest());
    observeRequest(aRequest());
    const [first, second] = spans;
    expect(first).toMatchObject({ name: 'POST /v1/publish', links: [], events: [] });
    expect(first?.parentSpanContext).toBeUndefined();
    expect(first?.startTime).toEqual([1_700_000_000, 0]);
    expect(first?.duration).toEqual([0, 40_000_000]);
    expect(first?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/publish',
      'http.response.status_code': 200,
      'keyserver.result': 'ok',
    });
    expect(first?.spanContext().traceId).not.toBe(second?.spanContext().traceId);
  });

  it('has no name of a path that is not served', () => {
    const { observeRequest, spans } = opened(100);
    observeRequest(aRequest({ route: undefined, method: 'other', status: 404 }));
    expect(spans).toMatchObject([{ name: 'other' }]);
    expect(Object.keys(spans[0]?.attributes ?? {})).not.toContain('http.route');
  });

  it('says that it failed when we are to blame, and not when the client is', () => {
    const { observeRequest, spans } = opened(100);
    observeRequest(aRequest({ status: 503 }));
    observeRequest(aRequest({ status: 400 }));
    expect(spans.map(({ status }) => status.code)).toEqual([2, 0]);
  });

  it('is linked to the trace of a caller that is ours, and does not go on with it', () => {
    const { observeRequest, spans } = opened(100);
    observeRequest(aRequest({ callersTrace: TRACE }));
    expect(spans[0]?.links).toMatchObject([{ context: TRACE }]);
    expect(spans[0]?.spanContext().traceId).not.toBe(TRACE.traceId);
  });

  it('is there for a share of the requests only', () => {
    const of = (percent: number): number => {
      const { observeRequest, spans } = opened(percent);
      for (let n = 0; n < 1000; n++) observeRequest(aRequest());
      return spans.length;
    };
    expect([of(0), of(100)]).toEqual([0, 1000]);
    expect(of(10)).toBeGreaterThan(50);
    expect(of(10)).toBeLessThan(150);
  });
});

it.each([
  [200, 'ok', 'none'],
  [400, 'bad_request', 'client'],
  [401, 'caller_refused', 'client'],
  [500, 'health_authority_missing_region_config', 'server'],
  [503, 'fault', 'server'],
  [200, 'aborted', 'client'],
] as const)('blames an end with %d and %s on: %s', (status, result, blame) => {
  expect(blameOf({ status, result })).toBe(blame);
});

it.each([
  [`00-${TRACE.traceId}-${TRACE.spanId}-01`, TRACE],
  [`01-${TRACE.traceId}-${TRACE.spanId}-01`, undefined],
  [`00-${TRACE.traceId.toUpperCase()}-${TRACE.spanId}-01`, undefined],
  [`00-${TRACE.traceId}-${TRACE.spanId}-01-more`, undefined],
  [undefined, undefined],
  [['a', 'b'], undefined],
])('reads the trace of a caller from %p', (header, trace) => {
  expect(callersTrace(header)).toEqual(trace);
});
