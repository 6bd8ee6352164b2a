import fc from 'fast-check';
import { type BoundUpload, bindingDigest, bindingText, digestText } from './binding.ts';

const base64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

const full: BoundUpload = {
  app: 'org.example.en',
  regions: ['us', 'GB', 'US'],
  keys: [
    { data: base64('UW7pkDKfLbfLs8LveFyY3w=='), start: 2649168, period: 144, risk: 1 },
    { data: base64('QLIvVheW9p6JiTx4pslesg'), start: 2649312, period: 0, risk: 1 },
  ],
  verificationPayload: 'POSITIVE_TEST_123456',
  hmacKey: base64('AQIDBAUGBwgJCgsMDQ4PEA=='),
  onset: 2649000,
  traveler: false,
  challenge: new Uint8Array(Buffer.from('00112233445566778899aabbccddeeff', 'hex')),
};

const bare: BoundUpload = {
  app: 'org.example.en',
  regions: [],
  keys: [{ data: new Uint8Array(16), start: 2650000, period: 1 }],
  traveler: false,
};

describe('bindingDigest', () => {
  it('is the published value for an upload that says everything', () => {
    expect(bindingText(full)).toHaveLength(328);
    expect(digestText(bindingDigest(full))).toBe('gwkR7uxk0WcLk5V5ZelwUDG_q991EfmBsRe9G9fxaAo');
  });

  it('is the published value for an upload that says as little as possible', () => {
    expect(digestText(bindingDigest(bare))).toBe('5GJySqEtGDUpEVra_8q6mkjYd5UOh_7rhP5QOrqQQ4A');
  });

  it('does not depend on the order of keys and regions', () => {
    const keys = fc.array(
      fc.record({
        data: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        start: fc.integer({ min: 1, max: 3_000_000 }),
        period: fc.integer({ min: 0, max: 144 }),
        risk: fc.integer({ min: 0, max: 8 }),
      }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(keys, fc.array(fc.string({ maxLength: 3 })), (some, regions) => {
        const upload = { ...full, keys: some, regions };
        const turned = { ...full, keys: some.toReversed(), regions: regions.toReversed() };
        expect(bindingText(turned)).toBe(bindingText(upload));
      }),
      { numRuns: 100 },
    );
  });

  it.each<[string, Partial<BoundUpload>]>([
    ['application', { app: 'org.example.other' }],
    ['region', { regions: ['US'] }],
    ['number of keys', { keys: full.keys.slice(0, 1) }],
    ['byte of a key', { keys: full.keys.map((key) => ({ ...key, data: new Uint8Array(16) })) }],
    ['start', { keys: full.keys.map((key) => ({ ...key, start: key.start + 1 })) }],
    ['period', { keys: full.keys.map((key) => ({ ...key, period: 143 })) }],
    ['risk', { keys: full.keys.map((key) => ({ ...key, risk: 2 })) }],
    ['certificate', { verificationPayload: 'POSITIVE_TEST_123457' }],
    ['MAC key', { hmacKey: new Uint8Array(16) }],
    ['onset', { onset: 2649001 }],
    ['traveler', { traveler: true }],
    ['revision token', { revisionToken: 'token' }],
    ['challenge', { challenge: new Uint8Array(16) }],
  ])('is another when only the %s changes', (_name, change) => {
    expect(digestText(bindingDigest({ ...full, ...change }))).not.toBe(
      digestText(bindingDigest(full)),
    );
  });

  it.each<[string, Partial<BoundUpload>, Partial<BoundUpload>]>([
    ['an empty certificate as none', { verificationPayload: '' }, {}],
    ['an empty MAC key as none', { hmacKey: new Uint8Array() }, {}],
    ['an empty revision token as none', { revisionToken: '' }, {}],
    ['an empty challenge as none', { challenge: new Uint8Array() }, {}],
    ['an onset of 0 as none', { onset: 0 }, {}],
    ['a region twice as once', { regions: ['us', 'US', 'us'] }, { regions: ['US'] }],
  ])('takes %s', (_name, one, other) => {
    expect(bindingText({ ...bare, ...one })).toBe(bindingText({ ...bare, ...other }));
  });

  it('tells two regions from one with a comma, which the form of 2020 did not', () => {
    expect(bindingText({ ...bare, regions: ['US', 'CA'] })).not.toBe(
      bindingText({ ...bare, regions: ['US,CA'] }),
    );
  });

  it('upper-cases a to z and no other letters', () => {
    expect(bindingText({ ...bare, regions: ['ß', 'ı'] })).toContain(
      `regions:${Buffer.from('ß').toString('base64url')},${Buffer.from('ı').toString('base64url')}\n`,
    );
  });
});
