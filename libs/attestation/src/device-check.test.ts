import { generateKeyPairSync } from 'node:crypto';
import { unixMillis } from '@keyserver/time';
import { jwtVerify } from 'jose';
import { deviceCheckToken, isDeviceToken, judgeDeviceCheckAnswer } from './device-check.ts';

const NOW = unixMillis(1_800_000_000_500);

describe('judgeDeviceCheckAnswer', () => {
  it.each<[status: number, body: string, expected: string]>([
    [200, '', 'ok'],
    [200, 'Failed to find bit state', 'ok'],
    [200, 'Bit State Not Found', 'ok'],
    [400, 'Missing or incorrectly formatted device token payload', 'untrusted: device_token'],
    [400, 'BAD DEVICE TOKEN', 'untrusted: device_token'],
    [400, 'Missing or incorrectly formatted time stamp', 'unavailable: apple_refused_request'],
    [400, 'Missing or badly formatted authorization token', 'unavailable: apple_refused_request'],
    [400, '', 'unavailable: apple_refused_request'],
    [401, 'Unable to verify authorization token', 'unavailable: apple_refused_credentials'],
    [403, '', 'unavailable: apple_forbidden'],
    [405, 'Method Not Allowed', 'unavailable: apple_forbidden'],
    [429, '', 'unavailable: apple_throttled'],
    [500, 'device token', 'unavailable: apple_failed'],
    [503, '', 'unavailable: apple_failed'],
    [302, '', 'unavailable: apple_failed'],
  ])('takes %i with %j as %s', (status, body, expected) => {
    const verdict = judgeDeviceCheckAnswer(status, body);
    expect(verdict.kind === 'ok' ? 'ok' : `${verdict.failure}: ${verdict.reason}`).toBe(expected);
  });
});

describe('deviceCheckToken', () => {
  it('is signed by the team’s key, in seconds and with the key’s id', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = { keyId: 'ABCDE12345', teamId: 'TEAMID1234', privateKey };
    const token = await deviceCheckToken(key, NOW);
    expect(await jwtVerify(token, publicKey, { algorithms: ['ES256'] })).toMatchObject({
      payload: { iss: 'TEAMID1234', iat: 1_800_000_000 },
      protectedHeader: { alg: 'ES256', kid: 'ABCDE12345' },
    });
  });
});

describe('isDeviceToken', () => {
  it.each(['QUJD', 'QUI=', 'QQ=='])('takes %s', (payload) => {
    expect(isDeviceToken(payload)).toBe(true);
  });

  it.each(['', 'QUI', 'QUJD\n', 'QU_D', '====', 'QUJDQUJ=D', 'QUJD'.repeat(5_000)])(
    'refuses %j',
    (payload) => {
      expect(isDeviceToken(payload)).toBe(false);
    },
  );
});
