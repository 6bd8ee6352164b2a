import { createPrivateKey, randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { issueCertificate } from '@keyserver/health-authority';
import { INTERVALS_PER_DAY, intervalAt, secondsOf, systemClock } from '@keyserver/time';
import type { NumberedKeys } from './numbered-keys.ts';
import { KEYS_PER_UPLOAD } from './uploads.ts';

/** Whose certificates uploads carry. */
export interface Certifier {
  readonly app: string;
  readonly issuer: string;
  readonly audience: string;
  readonly kid: string;
  /** PEM. */
  readonly privateKey: string;
}

const LIFETIME_SECONDS = 4 * 3600;
const HMAC_KEY_BYTES = 32;
const PADDING_BYTES = 1024;

/**
 * Writes whole requests into a file, certified beforehand: what phones and a health authority do is no part of the figures. All
 * are equally long. Gives that length.
 */
export function writeUploads(
  file: string,
  { keys, count, certifier }: { keys: NumberedKeys; count: number; certifier: Certifier },
): number {
  const privateKey = createPrivateKey(certifier.privateKey);
  const padding = randomBytes(PADDING_BYTES).toString('base64');
  const opened = openSync(file, 'wx');
  let length = 0;
  for (let upload = 0; upload < count; upload++) {
    const body = uploadBody(keys.of(upload), { certifier: { ...certifier, privateKey }, padding });
    const request = Buffer.from(requestOf(body));
    if (upload > 0 && request.length !== length) throw new Error('an upload has another length');
    length = request.length;
    writeSync(opened, request);
  }
  closeSync(opened);
  return length;
}

const requestOf = (body: string): string =>
  [
    'POST /v1/publish HTTP/1.1',
    'Host: keyserver.example',
    'User-Agent: Dalvik/2.1.0 (Linux; U; Android 15; Example)',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');

function uploadBody(
  data: Buffer,
  {
    certifier,
    padding,
  }: {
    certifier: Omit<Certifier, 'privateKey'> & { privateKey: ReturnType<typeof createPrivateKey> };
    padding: string;
  },
): string {
  const { app, ...authority } = certifier;
  const hmacKey = randomBytes(HMAC_KEY_BYTES);
  const keys = offeredKeys(data);
  const issuedAt = secondsOf(systemClock.now());
  const certificate = issueCertificate({
    ...{ ...authority, keys, hmacKey, issuedAt },
    ...{ reportType: 'confirmed', lifetimeSeconds: LIFETIME_SECONDS },
  });
  return JSON.stringify({
    temporaryExposureKeys: keys,
    healthAuthorityID: app,
    verificationPayload: certificate,
    hmacKey: hmacKey.toString('base64'),
    padding,
  });
}

/** A key of each of the last days, all of which have ended. */
function offeredKeys(data: Buffer): Parameters<typeof issueCertificate>[0]['keys'] {
  const today = intervalAt(systemClock.now());
  const midnight = today - (today % INTERVALS_PER_DAY);
  const bytes = data.length / KEYS_PER_UPLOAD;
  return Array.from({ length: KEYS_PER_UPLOAD }, (_, n) => ({
    key: data.subarray(n * bytes, (n + 1) * bytes).toString('base64'),
    rollingStartNumber: midnight - (n + 1) * INTERVALS_PER_DAY,
    rollingPeriod: INTERVALS_PER_DAY,
    transmissionRisk: 2,
  }));
}
