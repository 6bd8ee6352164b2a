import { playVerdict } from '@keyserver/stand-ins/attestation';
import { MINUTE, unixMillis } from '@keyserver/time';
import { digestText } from './binding.ts';
import { USUAL_FRESHNESS } from './freshness.ts';
import { PLAY_CLAIMS, type PlayQuestion, verifyPlayVerdict } from './play-integrity.ts';
import type { PlayPolicy } from './policy.ts';

const NOW = unixMillis(Date.UTC(2026, 10, 20, 12));
const PACKAGE = 'org.example.en';
const DIGEST = new Uint8Array(32).fill(7);
const CERTIFICATE = Buffer.alloc(32, 1);
const policy: PlayPolicy = {
  ...USUAL_FRESHNESS,
  ...{ package: PACKAGE, certificates: [CERTIFICATE.toString('hex')] },
  ...{ deviceLabels: ['MEETS_DEVICE_INTEGRITY'], allowUnrecognizedVersion: false },
};

type Verdict = ReturnType<typeof playVerdict>;
const genuine: Verdict = playVerdict({
  ...{ package: PACKAGE, certificate: CERTIFICATE.toString('base64url'), madeAt: NOW },
  bound: { requestHash: digestText(DIGEST) },
});

function outcomeOf(payload: unknown, change: Partial<PlayQuestion> = {}): string {
  const verdict = verifyPlayVerdict({
    ...{ mode: 'standard', payload, digest: DIGEST, policy, now: NOW },
    ...change,
  });
  return verdict.kind === 'ok' ? 'ok' : `${verdict.failure}: ${verdict.reason}`;
}

const request = (change: object): unknown => ({
  ...genuine,
  requestDetails: { ...genuine.requestDetails, ...change },
});
const app = (change: object): unknown => ({
  ...genuine,
  appIntegrity: { ...genuine.appIntegrity, ...change },
});

describe('verifyPlayVerdict', () => {
  it('accepts a genuine standard request', () => {
    expect(outcomeOf(genuine)).toBe('ok');
  });

  it('accepts a genuine classic request', () => {
    const classic = request({ requestHash: undefined, nonce: digestText(DIGEST) });
    expect(outcomeOf(classic, { mode: 'classic' })).toBe('ok');
  });

  it.each<[string, unknown]>([
    ['a bound value that was padded', request({ requestHash: `${digestText(DIGEST)}=` })],
    ['a time as a number', request({ timestampMillis: NOW })],
    ['members that are not known', { ...genuine, later: {} }],
    [
      'a certificate digest with padding',
      app({
        certificateSha256Digest: [CERTIFICATE.toString('base64')],
      }),
    ],
  ])('accepts %s', (_name, payload) => {
    expect(outcomeOf(payload)).toBe('ok');
  });

  it.each<[expected: string, why: string, payload: unknown]>([
    [
      'untrusted: request_package',
      'a request by another package',
      request({ requestPackageName: 'org.other' }),
    ],
    [
      'untrusted: request_mode',
      'a nonce in place of a hash',
      request({
        ...{ requestHash: undefined, nonce: digestText(DIGEST) },
      }),
    ],
    ['untrusted: request_mode', 'both bound values', request({ nonce: digestText(DIGEST) })],
    ['untrusted: request_mode', 'neither bound value', request({ requestHash: undefined })],
    [
      'binding: bound_value',
      'another upload',
      request({ requestHash: digestText(new Uint8Array(32)) }),
    ],
    [
      'stale: too_old',
      'a token of eleven minutes ago',
      request({ timestampMillis: String(NOW - 11 * MINUTE) }),
    ],
    [
      'future: from_the_future',
      'a token of in two minutes',
      request({ timestampMillis: String(NOW + 2 * MINUTE) }),
    ],
    [
      'policy: testing_response',
      'an answer for testers',
      { ...genuine, testingDetails: { isTestingResponse: true } },
    ],
    [
      'policy: recognition',
      'a build that Play does not know',
      app({ appRecognitionVerdict: 'UNRECOGNIZED_VERSION' }),
    ],
    [
      'policy: recognition',
      'an app that was not evaluated',
      app({ appRecognitionVerdict: 'UNEVALUATED' }),
    ],
    ['untrusted: app_package', 'an app with another name', app({ packageName: 'org.other' })],
    ['untrusted: certificate', 'another certificate', app({ certificateSha256Digest: ['AAAA'] })],
    ['untrusted: certificate', 'no certificate', app({ certificateSha256Digest: undefined })],
    ['policy: device_label', 'a device without labels', { ...genuine, deviceIntegrity: {} }],
    [
      'policy: device_label',
      'a device with other labels',
      {
        ...genuine,
        deviceIntegrity: {
          deviceRecognitionVerdict: ['MEETS_BASIC_INTEGRITY', 'MEETS_VIRTUAL_INTEGRITY'],
        },
      },
    ],
    // Google clears what a token says once it was decoded several times.
    [
      'policy: recognition',
      'a verdict that was cleared',
      {
        ...genuine,
        ...{ deviceIntegrity: {}, appIntegrity: { appRecognitionVerdict: 'UNEVALUATED' } },
      },
    ],
  ])('refuses as %s for %s', (expected, _why, payload) => {
    expect(outcomeOf(payload)).toBe(expected);
  });

  it.each<[why: string, payload: unknown]>([
    ['nothing', undefined],
    ['a list', [genuine]],
    ['no request', { ...genuine, requestDetails: undefined }],
    ['no app', { ...genuine, appIntegrity: undefined }],
    [
      'the time of Play on PCs',
      request({ timestampMillis: undefined, requestTime: '2026-11-20T12:00:00Z' }),
    ],
    ['a time with letters', request({ timestampMillis: '12x' })],
    ['a time below zero', request({ timestampMillis: -1 })],
    ['a time with a fraction', request({ timestampMillis: 1.5 })],
    ['a time of many digits', request({ timestampMillis: '9'.repeat(400) })],
    ['a package that is no text', request({ requestPackageName: 7 })],
    ['digests that are no list', app({ certificateSha256Digest: 'AAAA' })],
    ['a digest that is no text', app({ certificateSha256Digest: [7] })],
    ['labels that are no list', { ...genuine, deviceIntegrity: { deviceRecognitionVerdict: {} } }],
    ['a flag that is no boolean', { ...genuine, testingDetails: { isTestingResponse: 'false' } }],
  ])('refuses as malformed a verdict with %s', (_why, payload) => {
    expect(outcomeOf(payload)).toBe('malformed: verdict');
  });

  it('admits builds that Play does not distribute where the policy does, with one of its certificates', () => {
    const relaxed = { policy: { ...policy, allowUnrecognizedVersion: true } };
    const unknown = { appRecognitionVerdict: 'UNRECOGNIZED_VERSION' };
    expect(outcomeOf(app(unknown), relaxed)).toBe('ok');
    expect(outcomeOf(app({ ...unknown, certificateSha256Digest: [] }), relaxed)).toBe(
      'untrusted: certificate',
    );
    expect(outcomeOf(app({ appRecognitionVerdict: 'UNEVALUATED' }), relaxed)).toBe(
      'policy: recognition',
    );
  });

  it('asks for a version that is new enough where the policy does', () => {
    const atLeast = (minVersionCode: number) => ({ policy: { ...policy, minVersionCode } });
    expect(outcomeOf(genuine, atLeast(42))).toBe('ok');
    expect(outcomeOf(genuine, atLeast(43))).toBe('policy: version_code');
    expect(outcomeOf(app({ versionCode: undefined }), atLeast(1))).toBe('policy: version_code');
  });

  it('accepts nothing where a policy names no certificate or no label', () => {
    expect(outcomeOf(genuine, { policy: { ...policy, certificates: [] } })).toBe(
      'untrusted: certificate',
    );
    expect(outcomeOf(genuine, { policy: { ...policy, deviceLabels: [] } })).toBe(
      'policy: device_label',
    );
  });

  it('holds at the bounds of time', () => {
    const at = (madeAt: number) => outcomeOf(request({ timestampMillis: String(madeAt) }));
    expect([at(NOW - 10 * MINUTE), at(NOW + MINUTE)]).toEqual(['ok', 'ok']);
    expect([at(NOW - 10 * MINUTE - 1), at(NOW + MINUTE + 1)]).toEqual([
      'stale: too_old',
      'future: from_the_future',
    ]);
  });

  it('names each check once', () => {
    const reasons = PLAY_CLAIMS.map(({ reason }) => reason);
    expect(new Set(reasons).size).toBe(reasons.length);
  });
});
