import { type CertifiedReportType, KEY_BYTES, type OfferedKey } from '@keyserver/exposure-keys';
import { type Diagnosis, issueCertificate } from '@keyserver/health-authority';
import type { Random } from '@keyserver/random';
import { DAY, INTERVALS_PER_DAY, floorTo, intervalAt, secondsOf } from '@keyserver/time';
import { APPS } from './configuration.ts';
import type { Simulation } from './simulation.ts';

/** A phone whose owner was tested. */
export interface Phone {
  readonly upload: Upload;
  /** Those of its keys that are too old to be taken. */
  readonly tooOld: readonly OfferedKey[];
}

const LONGEST_HISTORY = 14;
const LONGEST_ILLNESS = 10;
const HIGHEST_RISK = 8;
const TOO_OLD_DAYS = 17;

/** Phones differ by their number, so that few of them are enough to have every kind: each list has a length of its own. */
const REPORT_TYPES = ['confirmed', 'likely', 'user-report', 'confirmed', 'negative'] as const;
const TODAY = ['none', 'ended', 'none', 'valid', 'both', 'none', 'none'] as const;
const ONSETS = ['phone', 'certificate', 'none'] as const;

/** Phone number `n`, with random keys. */
export function makePhone(n: number, simulation: Simulation): Phone {
  const { random } = simulation;
  const rated = n % 2 === 0;
  const history = Array.from({ length: 1 + random.below(LONGEST_HISTORY) }, (_, before) =>
    dayKey(simulation, 1 + before),
  );
  const tooOld = n % 11 === 5 ? [dayKey(simulation, TOO_OLD_DAYS)] : [];
  const keys = [...todaysKeys(pick(TODAY, n), simulation), ...history, ...tooOld];
  const upload: Upload = {
    app: n % 3 === 1 ? APPS.neighbour : APPS.home,
    keys: rated ? keys.map((key) => withRisk(key, random)) : keys,
    reportType: pick(REPORT_TYPES, n),
    onset: onsetOf(pick(ONSETS, n), simulation),
    traveler: n % 4 === 2,
  };
  const old = new Set(tooOld.map(({ key }) => key));
  return { upload, tooOld: upload.keys.filter(({ key }) => old.has(key)) };
}

/** A new key that was valid for the whole of a UTC day, so many days before today. */
export function dayKey(
  { clock, random }: Pick<Simulation, 'clock' | 'random'>,
  daysBefore: number,
  fields: Partial<OfferedKey> = {},
): OfferedKey {
  const today = intervalAt(floorTo(clock.now(), DAY));
  return {
    key: Buffer.from(random.bytes(KEY_BYTES)).toString('base64'),
    rollingStartNumber: today - daysBefore * INTERVALS_PER_DAY,
    rollingPeriod: INTERVALS_PER_DAY,
    transmissionRisk: 0,
    ...fields,
  };
}

/** A phone may give out the key of today, which is valid until midnight, or end it early and go on with another. */
function todaysKeys(kind: (typeof TODAY)[number], simulation: Simulation): readonly OfferedKey[] {
  const soFar = intervalAt(simulation.clock.now()) % INTERVALS_PER_DAY;
  const ended = (): OfferedKey => dayKey(simulation, 0, { rollingPeriod: soFar });
  switch (kind) {
    case 'none':
      return [];
    case 'ended':
      return [ended()];
    case 'valid':
      return [dayKey(simulation, 0)];
    case 'both':
      return [ended(), dayKey(simulation, 0)];
  }
}

const withRisk = (key: OfferedKey, random: Random): OfferedKey => ({
  ...key,
  transmissionRisk: random.below(HIGHEST_RISK + 1),
});

function onsetOf(by: (typeof ONSETS)[number], { clock, random }: Simulation): Upload['onset'] {
  if (by === 'none') return undefined;
  const daysAgo = 1 + random.below(LONGEST_ILLNESS);
  return { interval: intervalAt(clock.now()) - daysAgo * INTERVALS_PER_DAY, by };
}

function pick<T>(list: readonly [T, ...T[]], n: number): T {
  return list[n % list.length] ?? list[0];
}

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
  upload: Omit<Upload, 'app'> & { readonly app: string },
  { clock, random, trusted }: Pick<Simulation, 'clock' | 'random' | 'trusted'>,
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
  { urls }: Pick<Simulation, 'urls'>,
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
