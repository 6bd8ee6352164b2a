import { ConfigFault } from '@keyserver/config';
import { recordingLog } from '@keyserver/log/testing';
import type { OpenExporter } from '@keyserver/telemetry';
import { systemTimers, unixMillis } from '@keyserver/time';
import { freePorts } from '../../../test/support/free-ports.ts';
import { machine } from '../../../test/support/machine.ts';
import { serviceUrl } from '@keyserver/log';
import { type ObservedAmbient, type TelemetryParts, withTelemetry } from './with-telemetry.ts';

const { log, events } = recordingLog();
const ambient = { ...machine, openLog: () => log, logHealth: () => Promise.resolve() };
const service = { url: serviceUrl('127.0.0.1', 1), close: () => Promise.resolve() };

const partsWith = (of: Partial<TelemetryParts['settings']>): TelemetryParts => ({
  name: 'publish',
  ambient,
  settings: {
    ...{ TELEMETRY_EXPORTER: 'none', METRICS_PORT: 0, METRICS_HOST: '127.0.0.1' },
    ...{ TELEMETRY_INTERVAL_SECONDS: 60, TRACE_PERCENT: 100, TELEMETRY_ENDPOINT: '' },
    ...{ GCP_PROJECT: '', LOG_LEVEL: 'info' },
    ...of,
  },
  openCloudExporter: () => Promise.reject(new Error('not to be loaded')),
});

const observeOne = ({ observeRequest }: ObservedAmbient): void =>
  observeRequest?.({
    ...{ route: undefined, method: 'GET', status: 200, result: 'ok', ms: 1 },
    startedAt: unixMillis(1_700_000_000_000),
  });

it('leaves a service alone that sends its figures nowhere', async () => {
  let given: ObservedAmbient | undefined;
  const started = await withTelemetry(partsWith({}), async (observed) => {
    given = observed;
    return await Promise.resolve(service);
  });
  expect(started).toBe(service);
  expect(given).toEqual({ ...ambient, observeRequest: undefined });
});

it('lets Prometheus fetch the figures of a service until it has ended', async () => {
  const [port = 0] = await freePorts(1);
  const of = { TELEMETRY_EXPORTER: 'prometheus', METRICS_PORT: port } as const;
  const started = await withTelemetry(partsWith(of), async (observed) => {
    observed.openLog('info').event('service.healthy', {});
    observeOne(observed);
    return await Promise.resolve(service);
  });
  const url = `http://127.0.0.1:${port}`;
  const page = await fetch(`${url}/metrics`);
  expect(page.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await page.text();
  expect(text).toContain('keyserver_events_total{event="service.healthy",severity="info"} 1\n');
  expect(text).toMatch(/^keyserver_request_seconds_count\{.*\} 1$/m);
  expect(text).toMatch(/^target_info\{.*service_name="publish",service_instance_id="\w{16}"\} 1$/m);
  expect((await fetch(`${url}/`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(404);
  await started.close();
  await expect(fetch(`${url}/metrics`)).rejects.toThrow('fetch failed');
});

it('gives the port of the figures back when the service does not start', async () => {
  const [port = 0] = await freePorts(1);
  const of = { TELEMETRY_EXPORTER: 'prometheus', METRICS_PORT: port } as const;
  const start = withTelemetry(partsWith(of), () => Promise.reject(new Error('no store')));
  await expect(start).rejects.toThrow('no store');
  await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow('fetch failed');
});

it('sends to Google Cloud only when it is told for which project', async () => {
  const start = withTelemetry(
    partsWith({ TELEMETRY_EXPORTER: 'google-cloud' }),
    async () => await Promise.resolve(service),
  );
  await expect(start).rejects.toThrow(ConfigFault);
});

it('sends what is left to Google Cloud after the service has ended, and tells when it cannot', async () => {
  const sent: string[] = [];
  const exporter: OpenExporter = {
    attributes: {},
    sendFigures: () => Promise.reject(new Error('away')),
    sendSpans: async (spans) => {
      sent.push(...spans.map(({ name }) => name));
      await Promise.resolve();
    },
  };
  const parts = partsWith({ TELEMETRY_EXPORTER: 'google-cloud', GCP_PROJECT: 'health-project' });
  let opened: unknown;
  const openCloudExporter: TelemetryParts['openCloudExporter'] = async (options) => {
    opened = options;
    return await Promise.resolve(exporter);
  };
  const started = await withTelemetry({ ...parts, openCloudExporter }, async (observed) => {
    observeOne(observed);
    return await Promise.resolve(service);
  });
  expect(sent).toEqual([]);
  await started.close();
  expect(sent).toEqual(['GET']);
  expect(opened).toEqual({
    projectId: 'health-project',
    endpoint: undefined,
    timers: systemTimers,
  });
  expect(events('telemetry.export_failed')).toMatchObject([{ signal: 'metrics' }]);
});
