import { type KeyObject, createPrivateKey } from 'node:crypto';
import { type ExposureKey, packRecords } from '@keyserver/exposure-keys';
import { issueCertificate } from '@keyserver/health-authority';
import { randomId, systemRandom } from '@keyserver/random';
import { keyBatchDocument, keyBatches, storeUploads } from '@keyserver/stores';
import {
  HOUR,
  INTERVALS_PER_DAY,
  floorTo,
  intervalAt,
  intervalNumber,
  secondsOf,
  systemClock,
} from '@keyserver/time';
import { type Authority, openPlatform } from './publish.ts';
import { KEYS_PER_UPLOAD, keyStoreSettings } from './uploads.ts';

/** What is sent: uploads that are taken, twice for comparison, and whatever should look like them. */
export const KINDS = [
  'accepted',
  'control',
  'cover',
  'wrongCertificate',
  'knownReal',
  'knownGenerated',
] as const;
export type Kind = (typeof KINDS)[number];

/** Uploads whose keys the server knows. */
export interface KnownKeys {
  readonly real: readonly (readonly ExposureKey[])[];
  readonly generated: readonly (readonly ExposureKey[])[];
}

/** All requests are as long as this, bytes of their bodies. */
const BODY_BYTES = 5000;
const RISK = 2;

/** Keys of the last days, all of which have ended. */
function newKeys(): readonly ExposureKey[] {
  const today = intervalAt(systemClock.now());
  const midnight = today - (today % INTERVALS_PER_DAY);
  return Array.from({ length: KEYS_PER_UPLOAD }, (_, n) => ({
    data: systemRandom.bytes(16),
    start: intervalNumber(midnight - (n + 1) * INTERVALS_PER_DAY),
    period: INTERVALS_PER_DAY,
    risk: RISK,
    reportType: 'confirmed',
    onsetDays: 4 - n,
  }));
}

/** Stores uploads of people, and documents of generated keys as padding stores them. */
export async function storeKnownKeys(
  dataDirectory: string,
  { app }: Authority,
  count: number,
): Promise<KnownKeys> {
  const { store, keyHashSecret, close } = await openPlatform(dataDirectory);
  const settings = keyStoreSettings(keyHashSecret);
  const upload = storeUploads(store, settings, systemRandom);
  const authority = { id: 1, name: 'Example Health' };
  const of = { regions: ['US'], traveler: false, app, authority };
  const real: (readonly ExposureKey[])[] = [];
  const generated: (readonly ExposureKey[])[] = [];
  for (let n = 0; n < count; n++) {
    const [sent, made] = [newKeys(), newKeys()];
    await upload({
      ...{ ...of, keys: sent, token: 'none', bypassToken: false },
      statistics: { platform: 'android', oldestKeyDays: KEYS_PER_UPLOAD, onsetDays: 10 },
    });
    const sorted = made.toSorted((a, b) => Buffer.compare(a.data, b.data));
    await store.transact(async (tx) => {
      await tx.get(keyBatches, ['none']); // a transaction knows the time only after it has read
      const window = floorTo(tx.now, HOUR);
      const batch = { ...of, window, records: packRecords(sorted) };
      const document = {
        ...batch,
        kind: 'primary',
        origin: 'padding',
        sourceId: 'bench/1',
      } as const;
      tx.create(
        keyBatches,
        randomId(systemRandom),
        keyBatchDocument(document, settings, systemRandom),
      );
    });
    real.push(sent);
    generated.push(made);
  }
  await close();
  return { real, generated };
}

/** Makes requests of each kind. All have the same length. */
export function requestMaker(authority: Authority, known: KnownKeys): (kind: Kind) => Buffer {
  const privateKey = createPrivateKey(authority.privateKey);
  const one = <T>(all: readonly T[]): T | undefined => all[systemRandom.below(all.length)];
  return (kind) => {
    switch (kind) {
      case 'accepted':
      case 'control':
        return requestOf(bodyOf(newKeys(), { authority, privateKey }));
      case 'cover':
        return requestOf(base64(BODY_BYTES).slice(0, BODY_BYTES), 'X-Chaff');
      case 'wrongCertificate':
        return requestOf(bodyOf(newKeys(), { authority, privateKey, certified: newKeys() }));
      case 'knownReal':
        return requestOf(bodyOf(one(known.real) ?? [], { authority, privateKey, isLikely: true }));
      case 'knownGenerated':
        return requestOf(
          bodyOf(one(known.generated) ?? [], { authority, privateKey, isLikely: true }),
        );
    }
  };
}

interface Certification {
  readonly authority: Authority;
  readonly privateKey: KeyObject;
  /** The keys that the certificate is for, where these are others. */
  readonly certified?: readonly ExposureKey[];
  /** Another report type than that under which known keys are stored: an upload of these is no mere repetition. */
  readonly isLikely?: boolean;
}

function bodyOf(
  keys: readonly ExposureKey[],
  { authority, privateKey, certified = keys, isLikely = false }: Certification,
): string {
  const { app, kid, issuer, audience } = authority;
  const hmacKey = systemRandom.bytes(32);
  const certificate = issueCertificate({
    ...{ kid, issuer, audience, privateKey, hmacKey, keys: offered(certified) },
    ...{ reportType: isLikely ? 'likely' : 'confirmed', lifetimeSeconds: 3600 },
    issuedAt: secondsOf(systemClock.now()),
  });
  const body = {
    temporaryExposureKeys: offered(keys),
    healthAuthorityID: app,
    verificationPayload: certificate,
    hmacKey: Buffer.from(hmacKey).toString('base64'),
    padding: '',
  };
  const missing = BODY_BYTES - JSON.stringify(body).length;
  return JSON.stringify({ ...body, padding: base64(missing).slice(0, missing) });
}

const offered = (keys: readonly ExposureKey[]) =>
  keys.map(({ data, start, period, risk }) => ({
    key: Buffer.from(data).toString('base64'),
    rollingStartNumber: start,
    rollingPeriod: period,
    transmissionRisk: risk,
  }));

const base64 = (length: number): string =>
  Buffer.from(systemRandom.bytes(length)).toString('base64');

const requestOf = (body: string, mark: 'X-Chaff' | 'X-Other' = 'X-Other'): Buffer =>
  Buffer.from(
    [
      'POST /v1/publish HTTP/1.1',
      'Host: keyserver.example',
      'Content-Type: application/json',
      `${mark}: 1`,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  );
