import type { KeyObject } from 'node:crypto';
import { type CertifiedReportType, KEY_BYTES, type OfferedKey } from '@keyserver/exposure-keys';
import { issueCertificate } from '@keyserver/health-authority';
import type { Random } from '@keyserver/random';
import {
  DAY,
  INTERVALS_PER_DAY,
  type UnixMillis,
  floorTo,
  intervalAt,
  secondsOf,
  unixMillis,
} from '@keyserver/time';
import { newHmacKey } from '../authority.ts';

/** What an upload says, and what is needed to have it certified. */
export interface UploadFacts {
  readonly app: string;
  readonly keys: readonly OfferedKey[];
  readonly reportType: CertifiedReportType;
  readonly onsetDaysAgo?: number | undefined;
  readonly traveler?: true | undefined;
  /** What an earlier answer gave for these keys. */
  readonly revisionToken?: string | undefined;
  readonly privateKey: KeyObject;
  readonly kid: string;
  readonly issuer: string;
  readonly audience: string;
  readonly now: UnixMillis;
}

const LIFETIME_SECONDS = 15 * 60;
const PADDING_BYTES = 1024;

/** The body of a publish request: the keys, their certificate, and padding that hides how many there are. */
export function publishRequest(facts: UploadFacts, random: Random): string {
  const { app, keys, traveler, onsetDaysAgo, now, reportType, privateKey } = facts;
  const { kid, issuer, audience, revisionToken } = facts;
  const hmacKey = newHmacKey(random);
  const onset = onsetDaysAgo === undefined ? {} : { onset: firstInterval(onsetDaysAgo, now) };
  const certificate = issueCertificate({
    ...{ privateKey, kid, issuer, audience, reportType, keys, hmacKey, ...onset },
    issuedAt: secondsOf(now),
    lifetimeSeconds: LIFETIME_SECONDS,
  });
  return JSON.stringify({
    temporaryExposureKeys: keys,
    healthAuthorityID: app,
    verificationPayload: certificate,
    hmacKey: base64(hmacKey),
    ...(onset.onset === undefined ? {} : { symptomOnsetInterval: onset.onset }),
    ...(traveler === undefined ? {} : { traveler }),
    ...(revisionToken === undefined ? {} : { revisionToken }),
    padding: base64(random.bytes(PADDING_BYTES + random.below(PADDING_BYTES))),
  });
}

/** The first interval of a UTC day: a server counts onset by days, and does not believe one that is not over yet. */
const firstInterval = (daysAgo: number, now: UnixMillis): number =>
  intervalAt(floorTo(unixMillis(now - daysAgo * DAY), DAY));

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** The keys of a simulated phone: one for each of `count` days, the newest of yesterday or of today. */
interface PhoneHistory {
  readonly count: number;
  readonly includeToday: boolean;
}

/** Random keys as a phone has them after some days: one a day, each valid for its whole UTC day, newest first. */
export function phoneKeys(
  { count, includeToday }: PhoneHistory,
  now: UnixMillis,
  random: Random,
): readonly OfferedKey[] {
  const today = intervalAt(floorTo(now, DAY));
  const newest = includeToday ? today : today - INTERVALS_PER_DAY;
  return Array.from({ length: count }, (_, daysBefore) => ({
    key: Buffer.from(random.bytes(KEY_BYTES)).toString('base64'),
    rollingStartNumber: newest - daysBefore * INTERVALS_PER_DAY,
    rollingPeriod: INTERVALS_PER_DAY,
    transmissionRisk: 0,
  }));
}
