import type { KeyObject } from 'node:crypto';
import type { CertifiedReportType, OfferedKey } from '@keyserver/exposure-keys';
import { issueCertificate } from '@keyserver/health-authority';
import type { Random } from '@keyserver/random';
import { DAY, type UnixMillis, floorTo, intervalAt, secondsOf, unixMillis } from '@keyserver/time';
import { newHmacKey } from '../hmac-key.ts';

/** What an upload says, and what is needed to have it certified. */
export interface UploadFacts {
  readonly app: string;
  readonly keys: readonly OfferedKey[];
  readonly reportType: CertifiedReportType;
  readonly onsetDaysAgo?: number | undefined;
  readonly traveler?: true | undefined;
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
  const { kid, issuer, audience } = facts;
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
    padding: base64(random.bytes(PADDING_BYTES + random.below(PADDING_BYTES))),
  });
}

/** The first interval of a UTC day: a server counts onset by days, and does not believe one that is not over yet. */
const firstInterval = (daysAgo: number, now: UnixMillis): number =>
  intervalAt(floorTo(unixMillis(now - daysAgo * DAY), DAY));

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
