import type { CertifiedReportType, OfferedKey } from '@keyserver/exposure-keys';
import { type Diagnosis, issueCertificate } from '@keyserver/health-authority';
import type { Random } from '@keyserver/random';
import { secondsOf } from '@keyserver/time';
import type { APPS } from './configuration.ts';
import type { World } from './world.ts';

/** What a phone has to tell. */
export interface Upload {
  readonly app: (typeof APPS)[keyof typeof APPS];
  readonly keys: readonly OfferedKey[];
  readonly reportType: CertifiedReportType;
  /** The interval in which symptoms began, and who says so; undefined when nobody knows. */
  readonly onset: { readonly interval: number; readonly by: 'phone' | 'certificate' } | undefined;
  readonly traveler: boolean;
}

/** An upload as the JSON value that a phone sends. */
export type WireUpload = Readonly<Record<string, unknown>>;

const HMAC_KEY_BYTES = 32;
const PADDING_BYTES = 1024;

/** Has an upload certified by the authority; `over` is what the authority gets wrong. */
export function certified(
  upload: Upload,
  { clock, random, trusted }: World,
  over: Partial<Diagnosis> = {},
): WireUpload {
  const { app, keys, reportType, onset, traveler } = upload;
  const hmacKey = random.bytes(HMAC_KEY_BYTES);
  const certificate = issueCertificate({
    ...trusted,
    ...{ keys, reportType, hmacKey, issuedAt: secondsOf(clock.now()), lifetimeSeconds: 600 },
    ...(onset?.by === 'certificate' ? { onset: onset.interval } : {}),
    ...over,
  });
  return {
    temporaryExposureKeys: keys,
    healthAuthorityID: app,
    verificationPayload: certificate,
    hmacKey: base64(hmacKey),
    ...(onset?.by === 'phone' ? { symptomOnsetInterval: onset.interval } : {}),
    traveler,
    padding: padding(random),
  };
}

const padding = (random: Random): string =>
  base64(random.bytes(PADDING_BYTES + random.below(PADDING_BYTES)));

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** What a phone is told. */
export interface Answer {
  readonly status: number;
  readonly code: string;
  readonly inserted: number;
}

/** Sends a body to the publish service. */
export async function send(
  { urls }: World,
  body: string | undefined,
  { method = 'POST', contentType = 'application/json' } = {},
): Promise<Answer> {
  const response = await fetch(`${urls.publish}/v1/publish`, {
    method,
    headers: { 'content-type': contentType },
    ...(body === undefined ? {} : { body }),
  });
  const answer: unknown = await response.json();
  const fields = isRecord(answer) ? answer : {};
  const { code = '', insertedExposures: inserted = 0 } = fields;
  return { status: response.status, code: String(code), inserted: Number(inserted) };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
