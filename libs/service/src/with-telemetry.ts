import { endpointOf, telemetryProject } from '@keyserver/config';
import type { LogLevel, ServiceName } from '@keyserver/log';
import {
  type ObserveRequest,
  type OpenExporter,
  type ReadProgress,
  type Telemetry,
  countedLog,
  startTelemetry,
} from '@keyserver/telemetry';
import { SECOND, type Timers } from '@keyserver/time';
import type { RequestListener } from 'node:http';
import { type RunningService, listen } from './listen.ts';
import type { Ambient } from './run-service.ts';
import { noteUnreadableIn } from './unreadable-requests.ts';

/** The variables that say where figures and traces go, as a service has read them. */
interface TelemetrySettings {
  readonly TELEMETRY_EXPORTER: 'none' | 'prometheus' | 'google-cloud';
  readonly METRICS_PORT: number;
  readonly METRICS_HOST: string;
  readonly TELEMETRY_INTERVAL_SECONDS: number;
  readonly TRACE_PERCENT: number;
  readonly TELEMETRY_ENDPOINT: string;
  readonly GCP_PROJECT: string;
  readonly LOG_LEVEL: LogLevel;
}

/** Opens the way to Google Cloud, for one project; the endpoint is that of a stand-in. */
export type OpenCloudExporter = (options: {
  readonly projectId: string;
  readonly endpoint: string | undefined;
  readonly timers: Timers;
}) => Promise<OpenExporter>;

/** What a service is started with, when its requests are observed and its events are counted. */
export interface ObservedAmbient extends Ambient {
  readonly observeRequest: ObserveRequest | undefined;
  /** Takes what tells how far the service has come, once it is put together. */
  readonly observeProgress: ((readers: readonly ReadProgress[]) => void) | undefined;
}

/** What opening telemetry for a service needs. */
export interface TelemetryParts {
  readonly name: ServiceName;
  readonly settings: TelemetrySettings;
  readonly ambient: Ambient;
  readonly openCloudExporter: OpenCloudExporter;
}

/**
 * Starts a service whose events are counted and whose requests are observed, where the settings say so. What is left to send is
 * sent after the service has ended, also when it does not start.
 */
export async function withTelemetry(
  parts: TelemetryParts,
  start: (ambient: ObservedAmbient) => Promise<RunningService>,
): Promise<RunningService> {
  const { settings, ambient } = parts;
  if (settings.TELEMETRY_EXPORTER === 'none')
    return await start({ ...ambient, observeRequest: undefined, observeProgress: undefined });
  const telemetry = await openTelemetry(parts);
  const { meters, observeRequest, progress } = telemetry;
  try {
    const service = await start({
      ...ambient,
      openLog: (level) => countedLog(ambient.openLog(level), meters),
      observeRequest,
      observeProgress: progress.observe,
    });
    return {
      url: service.url,
      close: async () => {
        await Promise.all([progress.rest(), service.close()]);
        await telemetry.close();
      },
    };
  } catch (fault) {
    await telemetry.close();
    throw fault;
  }
}

const INSTANCE_BYTES = 8;

async function openTelemetry(
  parts: TelemetryParts,
): Promise<Pick<Telemetry, 'meters' | 'observeRequest' | 'progress' | 'close'>> {
  const { name: service, settings, ambient } = parts;
  const { timers, random } = ambient;
  const telemetry = await startTelemetry({
    ...{ service, timers, random, log: ambient.openLog(settings.LOG_LEVEL) },
    instance: Buffer.from(random.bytes(INSTANCE_BYTES)).toString('hex'),
    exporter: await exporterOf(parts),
    tracePercent: settings.TRACE_PERCENT,
    intervalMs: settings.TELEMETRY_INTERVAL_SECONDS * SECOND,
  });
  if (settings.TELEMETRY_EXPORTER !== 'prometheus') return telemetry;
  const { METRICS_PORT: port, METRICS_HOST: host } = settings;
  const noteUnreadable = noteUnreadableIn(ambient.openLog(settings.LOG_LEVEL));
  const server = await listen(figuresApp(telemetry.text), { port, host, timers, noteUnreadable });
  const close = async (): Promise<void> => {
    await server.close();
  };
  return { ...telemetry, close };
}

async function exporterOf(parts: TelemetryParts): Promise<OpenExporter | undefined> {
  const { settings, ambient, openCloudExporter } = parts;
  if (settings.TELEMETRY_EXPORTER !== 'google-cloud') return undefined;
  return await openCloudExporter({
    projectId: telemetryProject(settings),
    endpoint: endpointOf(settings.TELEMETRY_ENDPOINT),
    timers: ambient.timers,
  });
}

/** The version of the text form that Prometheus reads (https://prometheus.io/docs/instrumenting/exposition_formats/). */
const TEXT_FORM = 'text/plain; version=0.0.4; charset=utf-8';

/** `GET /metrics`, and nothing else. */
const figuresApp =
  (text: () => Promise<string>): RequestListener =>
  (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    text().then(
      (figures) => response.writeHead(200, { 'content-type': TEXT_FORM }).end(figures),
      () => response.writeHead(500).end(), // Prometheus tells of a target that it cannot read
    );
  };
