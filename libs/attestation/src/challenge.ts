import { createHmac, timingSafeEqual } from 'node:crypto';
import { MINUTE, type UnixMillis } from '@keyserver/time';
import { type Refusal, refusal } from './outcome.ts';

/** How long a challenge can be answered. */
export const CHALLENGE_LIFE = 10 * MINUTE;

/** Bytes of chance, of the expiry, and of the MAC, in this order. */
const [CHANCE_BYTES, EXPIRY_BYTES, MAC_BYTES] = [16, 8, 32];
const BODY_BYTES = CHANCE_BYTES + EXPIRY_BYTES;

/** Secrets that challenges are made with, 32 bytes each: the first makes new ones, all are accepted. */
export type ChallengeSecrets = readonly [Uint8Array, ...Uint8Array[]];

/**
 * A challenge for one application, 56 bytes. Nothing is stored of it: it carries its own expiry and a MAC, and is used up
 * with the attestation that answers it. `chance` is 16 random bytes.
 */
export function issueChallenge(
  [secret]: ChallengeSecrets,
  app: string,
  { chance, now }: { readonly chance: Uint8Array; readonly now: UnixMillis },
): Uint8Array {
  if (chance.length !== CHANCE_BYTES) throw new RangeError('a challenge needs 16 random bytes');
  const body = Buffer.alloc(BODY_BYTES);
  body.set(chance);
  body.writeBigUInt64BE(BigInt(now + CHALLENGE_LIFE), CHANCE_BYTES);
  return new Uint8Array(Buffer.concat([body, macOf(secret, body, app)]));
}

/** Why a challenge does not count; undefined when this server issued it for this application and its time is not over. */
export function challengeRefusal(
  secrets: ChallengeSecrets,
  app: string,
  { challenge, now }: { readonly challenge: Uint8Array; readonly now: UnixMillis },
): Refusal | undefined {
  if (challenge.length !== BODY_BYTES + MAC_BYTES) return refusal('malformed', 'challenge_length');
  const bytes = Buffer.from(challenge.buffer, challenge.byteOffset, challenge.length);
  const [body, mac] = [bytes.subarray(0, BODY_BYTES), bytes.subarray(BODY_BYTES)];
  if (!secrets.some((secret) => timingSafeEqual(macOf(secret, body, app), mac)))
    return refusal('untrusted', 'challenge_foreign');
  return body.readBigUInt64BE(CHANCE_BYTES) <= BigInt(now)
    ? refusal('stale', 'challenge_expired')
    : undefined;
}

const macOf = (secret: Uint8Array, body: Uint8Array, app: string): Buffer =>
  createHmac('sha256', secret).update(body).update(app, 'utf8').digest();
