import { once } from 'node:events';
import { type IncomingHttpHeaders, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { configuredId, routePattern } from '@keyserver/log';
import { recordingLog } from '@keyserver/log/testing';
import { systemRandom } from '@keyserver/random';
import { type Telemetry, startTelemetry } from '@keyserver/telemetry';
import { MINUTE, systemTimers, unixMillis } from '@keyserver/time';
import { cloudExporter } from './cloud-exporter.ts';

/** What the stand-in for the Telemetry API was sent. */
interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let endpoint: string;
let received: Received[];
/** What the stand-in answers: a status, and the bytes of its answer. */
let answer: readonly [status: number, body: Uint8Array];

beforeEach(async () => {
  received = [];
  answer = [200, new Uint8Array()];
  server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const { url: path = '', headers } = request;
      received.push({ path, headers, body: body.toString('latin1') });
      response.writeHead(answer[0]).end(answer[1]);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const { log, events } = recordingLog();
const lastFailure = (): unknown => events('telemetry.export_failed').at(-1);

async function opened(): Promise<Telemetry> {
  const exporter = await cloudExporter({ projectId: 'health', endpoint, timers: systemTimers });
  return await startTelemetry({
    ...{ service: 'publish', instance: 'instance-7', timers: systemTimers, log, exporter },
    ...{ tracePercent: 100, random: systemRandom, intervalMs: MINUTE },
  });
}

const observe = ({ observeRequest }: Telemetry): void => {
  observeRequest({
    route: routePattern({ path: '/v1/publish' }),
    ...{ method: 'POST', status: 200, result: 'ok', ms: 12 },
    startedAt: unixMillis(1_700_000_000_000),
  });
};

it('sends figures and traces in the binary form of OTLP, and says of which project and process', async () => {
  const telemetry = await opened();
  const config = configuredId({ id: 'the-export' });
  telemetry.meters.add('keyserver_batches_created_total', { config });
  observe(telemetry);
  await telemetry.close();
  expect(received.map(({ path }) => path).toSorted()).toEqual(['/v1/metrics', '/v1/traces']);
  for (const { body, headers } of received) {
    expect(headers['content-type']).toBe('application/x-protobuf');
    for (const told of ['gcp.project_id', 'health', 'cloud.region', 'publish', 'instance-7'])
      expect(body).toContain(told);
  }
  const [figures, traces] = received.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  expect(figures?.body).toContain('keyserver_batches_created_total');
  expect(figures?.body).toContain('the-export');
  expect(traces?.body).toContain('POST /v1/publish');
});

it.each([
  [403, 'forbidden'],
  [400, 'refused'],
  [429, 'too_many'],
  [503, 'away'],
])('tells of an answer with status %d as %s, with nothing that was sent', async (status, code) => {
  answer = [status, Buffer.from('a message about the-export')];
  await (await opened()).close();
  expect(lastFailure()).toMatchObject({
    ...{ severity: 'WARNING', signal: 'metrics' },
    causes: [{ class: 'TelemetryFault', code }],
  });
  expect(JSON.stringify(lastFailure())).not.toContain('the-export');
});

it('tells when a part of what was sent is refused', async () => {
  // ExportMetricsServiceResponse { partial_success { rejected_data_points: 3 } }, in the form of protocol buffers.
  answer = [200, Uint8Array.of(0x0a, 2, 0x08, 3)];
  await (await opened()).close();
  expect(lastFailure()).toMatchObject({ causes: [{ code: 'partly_refused' }] });
});

it('tells when nobody answers', async () => {
  const telemetry = await opened();
  server.close();
  await telemetry.close();
  expect(lastFailure()).toMatchObject({
    causes: [{ code: 'away' }, { class: 'TypeError' }, { code: 'ECONNREFUSED' }],
  });
});
