import { bindingDigest, digestText } from '@keyserver/attestation';
import { boundUploadOf } from './bound-upload.ts';

const request = {
  appId: 'org.example.en',
  regions: ['us', 'GB', 'US'],
  keys: [
    {
      key: 'UW7pkDKfLbfLs8LveFyY3w==',
      rollingStartNumber: 2649168,
      rollingPeriod: 144,
      transmissionRisk: 1,
    },
    {
      key: 'QLIvVheW9p6JiTx4pslesg',
      rollingStartNumber: 2649312,
      rollingPeriod: 0,
      transmissionRisk: 1,
    },
  ],
  certificate: 'POSITIVE_TEST_123456',
  hmacKey: 'AQIDBAUGBwgJCgsMDQ4PEA==',
  onset: 2649000,
  traveler: false,
  revisionToken: '',
};
const challenge = new Uint8Array(Buffer.from('00112233445566778899aabbccddeeff', 'hex'));

const digestOf = (change: Partial<typeof request>): string | undefined => {
  const upload = boundUploadOf({ ...request, ...change }, challenge);
  return upload && digestText(bindingDigest(upload));
};

describe('boundUploadOf', () => {
  it('gives the published digest', () => {
    expect(digestOf({})).toBe('gwkR7uxk0WcLk5V5ZelwUDG_q991EfmBsRe9G9fxaAo');
  });

  it('does not depend on how base64 is spelled', () => {
    const spelled = request.keys.map((key) => ({
      ...key,
      key: key.key.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_'),
    }));
    expect(digestOf({ keys: spelled, hmacKey: 'AQIDBAUGBwgJCgsMDQ4PEA' })).toBe(digestOf({}));
  });

  it.each<[string, Partial<typeof request>]>([
    ['a key that is no base64', { keys: request.keys.map((key) => ({ ...key, key: '!' })) }],
    [
      'a key of 15 bytes',
      { keys: request.keys.map((key) => ({ ...key, key: 'AAECAwQFBgcICQoLDA0O' })) },
    ],
    ['a MAC key that is no base64', { hmacKey: '!' }],
  ])('covers nothing with %s', (_why, change) => {
    expect(digestOf(change)).toBeUndefined();
  });
});
