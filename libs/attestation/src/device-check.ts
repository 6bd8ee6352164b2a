import type { KeyObject } from 'node:crypto';
import { secondsOf, type UnixMillis } from '@keyserver/time';
import { SignJWT } from 'jose';
import { type Verdict, refusal } from './outcome.ts';
import { MAX_PAYLOAD_BYTES } from './policy.ts';

/** The key with which a team asks Apple about devices. */
export interface DeviceCheckKey {
  /** Ten characters, from the developer portal. */
  readonly keyId: string;
  readonly teamId: string;
  /** EC on P-256. */
  readonly privateKey: KeyObject;
}

/** The token that goes into `Authorization: Bearer`. Apple takes one for up to an hour and dislikes many of them. */
export const deviceCheckToken = async (
  { keyId, teamId, privateKey }: DeviceCheckKey,
  now: UnixMillis,
): Promise<string> =>
  await new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: keyId })
    .setIssuer(teamId)
    .setIssuedAt(secondsOf(now))
    .sign(privateKey);

/** Padded base64 without line breaks; the end is matched by length, not by a repetition. */
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Whether a payload can be a device token. */
export const isDeviceToken = (payload: string): boolean =>
  payload.length <= MAX_PAYLOAD_BYTES.devicecheck &&
  payload.length % 4 === 0 &&
  BASE64.test(payload);

/**
 * What Apple's answer means. Only a 400 that names the device token is the client's fault: with anything else of ours wrong,
 * such as the clock, every patient would be turned away. The texts are not part of a contract.
 */
export function judgeDeviceCheckAnswer(status: number, body: string): Verdict<undefined> {
  if (status === 200) return { kind: 'ok', facts: undefined };
  if (status === 400 && /device token/i.test(body)) return refusal('untrusted', 'device_token');
  return refusal('unavailable', reasonOf(status));
}

function reasonOf(status: number): string {
  if (status === 400) return 'apple_refused_request';
  if (status === 401) return 'apple_refused_credentials';
  if (status === 403 || status === 405) return 'apple_forbidden';
  return status === 429 ? 'apple_throttled' : 'apple_failed';
}
