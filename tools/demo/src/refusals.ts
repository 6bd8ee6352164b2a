import type { OfferedKey } from '@keyserver/exposure-keys';
import type { Diagnosis } from '@keyserver/health-authority';
import { INTERVALS_PER_DAY, secondsOf, unixSeconds } from '@keyserver/time';
import { type WireUpload, dayKey } from './phones.ts';
import type { Simulation } from './simulation.ts';

/** An upload that is right but for one thing, and how the server must refuse it. */
export interface Refusal {
  readonly what: string;
  readonly status: number;
  readonly code: string;
  /** Instead of the keys of two days. */
  readonly keys?: (
    simulation: Simulation,
    published: readonly OfferedKey[],
  ) => readonly OfferedKey[];
  /** What is wrong with the certificate. */
  readonly certificate?: (simulation: Simulation) => Partial<Diagnosis>;
  /** What is wrong with the JSON value. */
  readonly change?: (upload: WireUpload) => WireUpload;
  /** What is wrong with the JSON text. */
  readonly text?: (json: string) => string;
  readonly http?: { readonly method?: string; readonly contentType?: string };
}

const bad = (what: string, refusal: Partial<Refusal>): Refusal => ({
  what,
  status: 400,
  code: 'bad_request',
  ...refusal,
});

const MAX_BODY = 64_000;

const REQUESTS: readonly Refusal[] = [
  bad('sent with GET', { status: 405, http: { method: 'GET' } }),
  bad('sent as a form', { status: 415, http: { contentType: 'multipart/form-data' } }),
  bad('a body too large', {
    status: 413,
    change: (upload) => ({ ...upload, padding: 'A'.repeat(MAX_BODY) }),
  }),
  bad('JSON that ends early', { text: (json) => json.slice(0, -1) }),
  bad('a field given twice', { text: (json) => json.replace('{', '{"traveler":true,') }),
  bad('an unknown field', { change: (upload) => ({ ...upload, name: 'Alex' }) }),
  bad('a field of the wrong type', { change: (upload) => ({ ...upload, traveler: 'yes' }) }),
  bad('an unknown app', {
    status: 401,
    code: 'unknown_health_authority_id',
    change: (upload) => ({ ...upload, healthAuthorityID: 'org.example.unknown' }),
  }),
];

const uncertified = (what: string, refusal: Partial<Refusal>): Refusal => ({
  what,
  status: 401,
  code: 'health_authority_verification_certificate_invalid',
  ...refusal,
});

const issuedAfter = (seconds: number) => (simulation: Simulation) => ({
  issuedAt: unixSeconds(secondsOf(simulation.clock.now()) + seconds),
});

const CERTIFICATES: readonly Refusal[] = [
  uncertified('no certificate', { change: (upload) => ({ ...upload, verificationPayload: '' }) }),
  uncertified('an expired certificate', { certificate: issuedAfter(-3600) }),
  uncertified('a certificate not valid yet', { certificate: issuedAfter(60) }),
  uncertified('a certificate for other keys', {
    certificate: (simulation) => ({ keys: [dayKey(simulation, 1)] }),
  }),
  uncertified('another HMAC key', {
    change: (upload) => ({ ...upload, hmacKey: Buffer.alloc(32).toString('base64') }),
  }),
  uncertified('a wrong audience', { certificate: () => ({ audience: 'elsewhere.example' }) }),
  uncertified('an unknown issuer', { certificate: () => ({ issuer: 'https://nobody.example' }) }),
  uncertified('an unknown key version', { certificate: () => ({ kid: 'older' }) }),
  uncertified('a forged signature', {
    certificate: ({ untrusted }) => ({ privateKey: untrusted.privateKey }),
  }),
  uncertified('an authority without a grant', { certificate: ({ untrusted }) => untrusted }),
];

const withKey = (what: string, fields: Partial<OfferedKey>): Refusal =>
  bad(what, { keys: (simulation) => [dayKey(simulation, 1, fields)] });

const KEYS: readonly Refusal[] = [
  bad('31 keys', {
    keys: (simulation) => Array.from({ length: 31 }, (_, n) => dayKey(simulation, 1 + (n % 14))),
  }),
  bad('a key from the future', { keys: (simulation) => [dayKey(simulation, -1)] }),
  bad('a key too old', { keys: (simulation) => [dayKey(simulation, 17)] }),
  bad('overlapping keys', {
    keys: (simulation) => {
      const key = dayKey(simulation, 2);
      const start = key.rollingStartNumber + INTERVALS_PER_DAY / 2;
      return [key, dayKey(simulation, 2, { rollingStartNumber: start })];
    },
  }),
  bad('four keys with one start', {
    keys: (simulation) => [1, 1, 1, 1].map((day) => dayKey(simulation, day)),
  }),
  withKey('a key valid for no time', { rollingPeriod: 0 }),
  withKey('a key valid for too long', { rollingPeriod: INTERVALS_PER_DAY + 1 }),
  withKey('a risk out of bounds', { transmissionRisk: 9 }),
  withKey('a key of 15 bytes', { key: Buffer.alloc(15, 1).toString('base64') }),
  withKey('a key that is not base64', { key: '*'.repeat(24) }),
  bad('the same keys again', {
    code: 'missing_revision_token',
    keys: (_world, published) => published,
  }),
  bad('the same keys with a made-up token', {
    code: 'invalid_revision_token',
    keys: (_world, published) => published,
    change: (upload) => ({ ...upload, revisionToken: Buffer.alloc(100, 7).toString('base64') }),
  }),
];

/** One upload for each main reason to refuse one. */
export const REFUSALS: readonly Refusal[] = [...REQUESTS, ...CERTIFICATES, ...KEYS];
