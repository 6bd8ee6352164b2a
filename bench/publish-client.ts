import { Agent, type IncomingMessage, request } from 'node:http';
import { createPrivateKey } from 'node:crypto';
import type { OfferedKey } from '@keyserver/exposure-keys';
import { issueCertificate } from '@keyserver/health-authority';
import { systemRandom } from '@keyserver/random';
import { INTERVALS_PER_DAY, intervalAt, secondsOf, systemClock } from '@keyserver/time';
import { concurrently, KEYS_PER_UPLOAD } from './uploads.ts';

/** What the client is told: where publish answers, and whose certificates it takes. */
export interface ClientOrder {
  readonly url: string;
  readonly app: string;
  readonly issuer: string;
  readonly audience: string;
  readonly kid: string;
  /** PEM. */
  readonly privateKey: string;
  readonly connections: number;
  /** Uploads that warm the service up, and uploads that are measured. */
  readonly uploads: { readonly warm: number; readonly measured: number };
}

/** What the client tells: that the uploads that count begin, and how long each of them took, in ms, once all are answered. */
export type ClientReport =
  'begins' | { readonly elapsedMs: number; readonly latenciesMs: readonly number[] };

/** Tells it, and waits until it has left this process: a long report is cut off where the channel ends too early. */
const tell = async (report: ClientReport): Promise<void> => {
  await new Promise((resolve) => process.send?.(report, resolve));
};

process.once('message', (order) => {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- publish.ts sends nothing else
  void upload(order as ClientOrder);
});

async function upload(order: ClientOrder): Promise<void> {
  const { warm, measured } = order.uploads;
  // Certified beforehand: what a health authority does is no part of the figures.
  const bodies = Array.from({ length: warm + measured }, () => uploadBody(order));
  const agent = new Agent({ keepAlive: true, maxSockets: order.connections });
  const latenciesMs: number[] = [];
  const one = async (): Promise<void> => {
    const sent = performance.now();
    await send(`${order.url}/v1/publish`, bodies.pop() ?? '', agent);
    latenciesMs.push(performance.now() - sent);
  };
  await concurrently(order.connections, warm, one);
  latenciesMs.length = 0;
  await tell('begins');
  const started = performance.now();
  await concurrently(order.connections, measured, one);
  await tell({ elapsedMs: performance.now() - started, latenciesMs });
  agent.destroy();
  process.disconnect();
}

function uploadBody({ app, privateKey, ...authority }: ClientOrder): string {
  const hmacKey = systemRandom.bytes(32);
  const keys = newKeys();
  const certificate = issueCertificate({
    ...authority,
    ...{ keys, hmacKey, reportType: 'confirmed', privateKey: createPrivateKey(privateKey) },
    ...{ issuedAt: secondsOf(systemClock.now()), lifetimeSeconds: 3600 },
  });
  return JSON.stringify({
    temporaryExposureKeys: keys,
    healthAuthorityID: app,
    verificationPayload: certificate,
    hmacKey: base64(hmacKey),
    padding: base64(systemRandom.bytes(1024)),
  });
}

/** A key of each of the last days, all of which have ended. */
function newKeys(): readonly OfferedKey[] {
  const today = intervalAt(systemClock.now());
  const midnight = today - (today % INTERVALS_PER_DAY);
  return Array.from({ length: KEYS_PER_UPLOAD }, (_, n) => ({
    key: base64(systemRandom.bytes(16)),
    rollingStartNumber: midnight - (n + 1) * INTERVALS_PER_DAY,
    rollingPeriod: INTERVALS_PER_DAY,
    transmissionRisk: 2,
  }));
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

async function send(url: string, body: string, agent: Agent): Promise<void> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const sending = request(url, { method: 'POST', agent, headers }, resolve);
    sending.on('error', reject);
    sending.end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const answer = Buffer.concat(chunks).toString();
  if (!answer.includes(`"insertedExposures":${KEYS_PER_UPLOAD},`))
    throw new Error(`an upload was answered ${response.statusCode ?? 0}: ${answer}`);
}
