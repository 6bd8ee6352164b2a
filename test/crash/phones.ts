import type { KeyObject } from 'node:crypto';
import type { OfferedKey } from '@keyserver/exposure-keys';
import { issueCertificate } from '@keyserver/health-authority';
import type { Random } from '@keyserver/random';
import {
  INTERVALS_PER_DAY,
  type IntervalNumber,
  type Clock,
  intervalAt,
  secondsOf,
} from '@keyserver/time';
import { setTimeout as pause } from 'node:timers/promises';
import type { SentUpload } from './checks.ts';

/** Who certifies the phones' keys, and for which application they speak. */
export interface PhoneSettings {
  readonly app: string;
  readonly issuer: string;
  readonly audience: string;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly clock: Clock;
  /** Where publish answers now; undefined while it is away. */
  readonly url: () => string | undefined;
  readonly random: Random;
  /** Told of every attempt at the moment when it begins. */
  readonly sending: () => void;
}

/** What all phones have seen. */
export interface PhoneReport {
  readonly uploads: SentUpload[];
  /** Uploads whose answer was lost, and what the same body was answered when it was sent again. */
  readonly retries: { taken: number; known: number; abandoned: number };
  /** Answers that no phone should ever get. */
  readonly surprises: string[];
}

const PATIENCE_MS = 5000;
const BETWEEN_MS = 60;

/** Uploads new keys, one upload after another, until it is told to stop; then it finishes the one it is at. */
export async function phone(
  settings: PhoneSettings,
  report: PhoneReport,
  stopping: AbortSignal,
): Promise<void> {
  const { random } = settings;
  const pace: Pace = { answerMs: 15 };
  while (!stopping.aborted) {
    const upload = newUpload(random, settings.clock);
    const body = bodyOf(upload.keys, settings);
    // One in four people puts the phone away after a lost connection.
    const attempts = random.below(4) === 0 ? 1 : Infinity;
    const outcome = await send(body, {
      attempts,
      count: upload.keys.length,
      pace,
      settings,
      report,
    });
    report.uploads.push({ outcome, ended: upload.ended, valid: upload.valid });
    await pause(random.below(BETWEEN_MS));
  }
}

interface NewUpload {
  readonly keys: readonly OfferedKey[];
  readonly ended: readonly string[];
  readonly valid: readonly string[];
}

/** One to five keys of past days, and now and then the key of today. */
function newUpload(random: Random, clock: Clock): NewUpload {
  const today = intervalAt(clock.now());
  const midnight = today - (today % INTERVALS_PER_DAY);
  const days = Array.from({ length: 1 + random.below(5) }, (_, n) => n + 1);
  const ended = days.map((day) => newKey(random, midnight - day * INTERVALS_PER_DAY));
  const valid = random.below(3) === 0 ? [newKey(random, today)] : [];
  const hex = ({ key }: OfferedKey): string => Buffer.from(key, 'base64').toString('hex');
  return { keys: [...valid, ...ended], ended: ended.map(hex), valid: valid.map(hex) };
}

const newKey = (random: Random, start: IntervalNumber | number): OfferedKey => ({
  key: Buffer.from(random.bytes(16)).toString('base64'),
  rollingStartNumber: start,
  rollingPeriod: INTERVALS_PER_DAY,
  transmissionRisk: 1 + random.below(8),
});

function bodyOf(keys: readonly OfferedKey[], settings: PhoneSettings): string {
  const { issuer, audience, kid, privateKey, random, clock } = settings;
  const hmacKey = random.bytes(16);
  const certificate = issueCertificate({
    ...{ privateKey, kid, issuer, audience, keys, hmacKey },
    reportType: 'confirmed',
    issuedAt: secondsOf(clock.now()),
    lifetimeSeconds: 900,
  });
  return JSON.stringify({
    temporaryExposureKeys: keys,
    healthAuthorityID: settings.app,
    verificationPayload: certificate,
    hmacKey: Buffer.from(hmacKey).toString('base64'),
  });
}

async function send(
  body: string,
  of: {
    readonly attempts: number;
    readonly count: number;
    readonly pace: Pace;
    readonly settings: PhoneSettings;
    readonly report: PhoneReport;
  },
): Promise<SentUpload['outcome']> {
  const { settings, report } = of;
  let lost = 0;
  while (lost < of.attempts) {
    const url = settings.url();
    if (url !== undefined) settings.sending();
    const sent = performance.now();
    const patience = patienceOf(settings.random, of.pace);
    const answer = url === undefined ? 'refused' : await post(url, body, patience);
    if (answer === 'refused' || answer === 'lost') {
      lost += answer === 'lost' ? 1 : 0;
      await pause(BETWEEN_MS);
    } else {
      of.pace.answerMs = performance.now() - sent;
      if (lost > 0) report.retries[answer.insertedExposures === of.count ? 'taken' : 'known'] += 1;
      const problem = surprise(answer, of.count, lost > 0);
      if (problem !== undefined) report.surprises.push(problem);
      return 'stored';
    }
  }
  report.retries.abandoned += 1;
  return 'unknown';
}

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly insertedExposures?: number;
}

/** Every upload is either stored as a whole now, or was stored as a whole by an attempt whose answer was lost. */
function surprise(answer: Answer, count: number, repeated: boolean): string | undefined {
  if (answer.status === 200 && answer.insertedExposures === count) return undefined;
  // Until the window of the first attempt ends its answer is given again, and afterwards no more.
  const isKnown =
    answer.status === 200
      ? answer.insertedExposures === undefined && answer.code === undefined
      : answer.status === 400 && answer.code === 'missing_revision_token';
  if (repeated && isKnown) return undefined;
  return `${repeated ? 'a repeated' : 'a'} upload of ${count} keys: ${JSON.stringify(answer)}`;
}

/** How long an answer took last. */
interface Pace {
  answerMs: number;
}

/** Now and then a phone loses its connection while the server is at work, however long that takes on this machine. */
const patienceOf = (random: Random, { answerMs }: Pace): number =>
  random.below(4) === 0 ? 1 + random.below(Math.ceil(1.7 * answerMs)) : PATIENCE_MS;

/** `refused`: the server was not there, so it has seen nothing. `lost`: it may have done anything. */
async function post(
  url: string,
  body: string,
  patience: number,
): Promise<Answer | 'refused' | 'lost'> {
  try {
    const response = await fetch(`${url}/v1/publish`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(patience),
    });
    const { code, insertedExposures } = (await response.json()) as Partial<Answer>;
    if (response.status === 503) return 'lost';
    const { status } = response;
    return {
      status,
      ...(code === undefined ? {} : { code }),
      ...(insertedExposures === undefined ? {} : { insertedExposures }),
    };
  } catch (fault) {
    return isRefused(fault) ? 'refused' : 'lost';
  }
}

function isRefused(fault: unknown): boolean {
  const cause: unknown = fault instanceof Error ? fault.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
