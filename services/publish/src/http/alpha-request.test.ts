import { alphaForm } from './alpha-request.ts';
import { uploadParser, v1Form } from './publish-request.ts';

const rules = { maxKeys: 30 };
const parseAlpha = uploadParser(alphaForm, rules);
const parse = (body: object) => parseAlpha(Buffer.from(JSON.stringify(body)));
const requestOf = (body: object) => {
  const parsed = parse(body);
  if (parsed.kind === 'refused') throw new Error(parsed.problem);
  return parsed.request;
};

describe('a body of v1alpha1', () => {
  it('is read field by field as the upload that v1 would carry', () => {
    const key = { key: 'AA==', rollingStartNumber: 1, rollingPeriod: 2, transmissionRisk: 3 };
    const body = {
      temporaryExposureKeys: [key],
      regions: ['US'],
      appPackageName: 'gov.example.doh',
      verificationPayload: 'a.b.c',
      hmackey: 'aGFzaA==',
      symptomOnsetInterval: 2_699_712,
      revisionToken: 'dG9rZW4=',
      padding: 'xyz',
      platform: 'android',
      deviceVerificationPayload: 'once an attestation',
    };
    expect(requestOf(body)).toEqual({
      appId: 'gov.example.doh',
      certificate: 'a.b.c',
      hmacKey: 'aGFzaA==',
      keys: [key],
      onset: 2_699_712,
      regions: ['US'],
      traveler: false,
      revisionToken: 'dG9rZW4=',
    });
  });

  it.each([
    [[], false],
    [['US'], false],
    [['US', 'CA'], true],
    [['US', 'US'], true],
  ])('with the regions %j is that of a traveler: %s', (regions, traveler) => {
    expect(requestOf({ regions })).toMatchObject({ regions, traveler });
  });

  it.each([{}, { regions: null }])('without regions (%j) asks for none', (body) => {
    expect(requestOf(body)).toMatchObject({ regions: [], traveler: false });
  });

  it('takes its names in any letter case', () => {
    expect(requestOf({ HMACKEY: 'aGFzaA==', apppackagename: 'a' })).toMatchObject({
      hmacKey: 'aGFzaA==',
      appId: 'a',
    });
  });

  it.each(['traveler', 'healthAuthorityID'])('has no field %s', (name) => {
    expect(parse({ [name]: null })).toEqual({
      kind: 'refused',
      problem: 'unknown field in the body',
    });
  });

  it.each(['regions', 'appPackageName', 'platform', 'deviceVerificationPayload'])(
    'has a field %s, which v1 does not know',
    (name) => {
      const body = { [name]: null };
      expect(parse(body).kind).toBe('request');
      const v1 = uploadParser(v1Form, rules)(Buffer.from(JSON.stringify(body)));
      expect(v1).toEqual({ kind: 'refused', problem: 'unknown field in the body' });
    },
  );

  it.each([
    [{ regions: 'US' }, 'regions must be array'],
    [{ regions: [1] }, 'regions/0 must be string'],
    [{ regions: [null] }, 'regions/0 must be string'],
    [{ regions: [['US']] }, 'regions/0 must not be a list'],
    [{ regions: [{}] }, 'regions/0 must not be an object'],
    [{ regions: Array.from({ length: 301 }, () => 'US') }, 'regions holds far too many items'],
    [{ platform: 1 }, 'platform must be string'],
    [{ deviceVerificationPayload: {} }, 'deviceVerificationPayload must not be an object'],
  ])('is refused when it says %j', (body, problem) => {
    expect(parse(body)).toEqual({ kind: 'refused', problem });
  });
});
