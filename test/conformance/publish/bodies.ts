import type { Drawn } from './drawn.ts';
import type { Answer, Ground } from './ground.ts';
import { bodyOf, newKey, outcomeOf } from './phone.ts';

/** A good upload as text, with something changed. */
type Change = (text: string) => string | Uint8Array;

const put =
  (field: string, json: string): Change =>
  (text) =>
    `{"${field}":${json},${text.slice(1)}`;
const without = (field: string) => (text: string) =>
  text.replace(new RegExp(`"${field}":("[^"]*"|[-0-9]+),`, 'u'), '');
const replaced =
  (field: string, json: string): Change =>
  (text) =>
    text.replace(new RegExp(`("${field}"):("[^"]*"|[-0-9]+|true|false)`, 'u'), `$1:${json}`);
/** As long as it is told, by white space before its end or behind it. */
const padded =
  (length: number, where: 'inside' | 'behind'): Change =>
  (text) => {
    const gap = ' '.repeat(length - text.length);
    return where === 'inside' ? `${text.slice(0, -1)}${gap}}` : `${text}${gap}`;
  };

/** Rows about the body of an upload: its type, its length, and what is JSON of this version. */
export function describeBodies(on: () => Ground, of: Drawn): void {
  const send = async (change: Change, headers?: Record<string, string>): Promise<Answer> => {
    const service = await on().service();
    const good = JSON.stringify({
      ...bodyOf([newKey()], on().clock.now()),
      ...{ traveler: false, revisionToken: '' },
    });
    return await service.send(change(good), headers === undefined ? {} : { headers });
  };
  const asIs: Change = (text) => text;

  it.each(['application/json', 'application/json; charset=utf-8', 'application/jsonx'])(
    'is taken as %s',
    async (type) => {
      expect(outcomeOf(await send(asIs, { 'content-type': type }))).toBe('200');
    },
  );

  it.each(['Application/JSON', 'text/plain', ' text/json;application/json', 'json'])(
    'is not looked at as %s',
    async (type) => {
      const answer = await send(asIs, { 'content-type': type });
      expect(outcomeOf(answer)).toBe('415 bad_request');
      expect(answer.body['error']).toContain('415');
    },
  );

  it('is not looked at without a content type', async () => {
    expect(outcomeOf(await send((text) => Buffer.from(text), {}))).toBe('415 bad_request');
  });

  it.each(['gzip', 'deflate', 'br'])('is not unpacked from %s', async (encoding) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    expect(outcomeOf(await send(asIs, headers))).toBe('415 bad_request');
  });

  const good: readonly [string, Change][] = [
    ['64,000 bytes', padded(64_000, 'inside')],
    ['64,000 bytes with white space at the end', padded(64_000, 'behind')],
    ['names in lower case', (text) => text.replace('hmacKey', 'hmackey')],
    ['names in upper case', (text) => text.replace('hmacKey', 'HMACKEY')],
    [
      'names of key fields in another case',
      (text) => text.replace('rollingPeriod', 'ROLLINGperiod'),
    ],
    ['null where a field may be absent', replaced('padding', 'null')],
    ['null for the token', replaced('revisionToken', 'null')],
    ['null for traveler', replaced('traveler', 'null')],
    ['null for the onset', replaced('symptomOnsetInterval', 'null')],
    ['null for the risk', replaced('transmissionRisk', 'null')],
    ['white space around it', (text) => `\r\n\t ${text} \n`],
    ['names that are escaped', (text) => text.replace('hmacKey', '\\u0068macKey')],
  ];
  it.each(of(good))('is taken with %s', async (_, change) => {
    expect(outcomeOf(await send(change))).toBe('200');
  });

  it.each<[string, Change]>([
    ['64,001 bytes', padded(64_001, 'inside')],
    ['64,001 bytes, all of the last ones white space', padded(64_001, 'behind')],
  ])('is too long with %s', async (_, change) => {
    const answer = await send(change);
    expect(outcomeOf(answer)).toBe('413 bad_request');
    expect(answer.body['error']).toContain('413');
  });

  const bad: readonly [string, Change][] = [
    ['nothing in it', () => ''],
    ['white space alone', () => ' \r\n\t'],
    ['no JSON', () => 'keys, please'],
    ['a comma too many', (text) => `${text.slice(0, -1)},}`],
    ['single quotes', (text) => text.replaceAll('"', "'")],
    ['a comment', (text) => `/* */${text}`],
    ['its end cut off', (text) => text.slice(0, -1)],
    ['half of it cut off', (text) => text.slice(0, text.length / 2)],
    ['a number for text', replaced('padding', '1')],
    ['text for a number', replaced('symptomOnsetInterval', '"2699712"')],
    ['text for a truth value', replaced('traveler', '"false"')],
    ['a number for a truth value', replaced('traveler', '0')],
    ['a list for text', replaced('revisionToken', '[]')],
    ['an object for text', replaced('hmacKey', '{}')],
    ['an object for the keys', () => '{"temporaryExposureKeys":{}}'],
    ['text for a key', () => '{"temporaryExposureKeys":["AAECAwQFBgcICQoLDA0ODw=="]}'],
    ['a whole number with a fraction', replaced('rollingPeriod', '144.0')],
    ['a number with an exponent', replaced('rollingPeriod', '1e2')],
    ['a real fraction', replaced('rollingPeriod', '0.5')],
    ['a start beyond 32 bits', replaced('rollingStartNumber', '2147483648')],
    ['a start below 32 bits', replaced('rollingStartNumber', '-2147483649')],
    ['a period beyond 32 bits', replaced('rollingPeriod', '4294967440')],
    ['an onset beyond 32 bits', replaced('symptomOnsetInterval', '2147483648')],
    ['a number beyond 2^53', replaced('transmissionRisk', '9007199254740993')],
    ['an unknown field', put('regions', '["US"]')],
    ['an unknown field of a key', (text) => text.replace('"transmissionRisk"', '"risk"')],
    ['more JSON behind it', (text) => `${text}{}`],
    ['text behind it', (text) => `${text} x`],
    ['a bracket behind it', (text) => `${text}}`],
    ['a field twice', put('padding', '""')],
    ['a field twice, in different cases', put('PADDING', '""')],
    ['a key field twice', (text) => text.replace('"key":', '"key":"","key":')],
    ['a list', (text) => `[${text}]`],
    ['text', () => '"text"'],
    [
      'broken UTF-8',
      (text) =>
        Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xff]), Buffer.from('"}')]),
    ],
    ['a byte order mark', (text) => `\uFEFF${text}`],
  ];
  it.each(of(bad))('is no upload with %s', async (_, change) => {
    const answer = await send(change);
    expect(outcomeOf(answer)).toBe('400 bad_request');
    expect(answer.body['error']).toContain('400');
  });

  it.each([
    'appPackageName',
    'platform',
    'deviceVerificationPayload',
    'regions',
    'transmissionRisk',
    '__proto__',
    'constructor',
  ])('of this version has no field %s', async (field) => {
    expect(outcomeOf(await send(put(field, '""')))).toBe('400 bad_request');
  });

  it.each(['null', '{}'])('without any field names no application: %s', async (text) => {
    expect(outcomeOf(await send(() => text))).toBe('401 unknown_health_authority_id');
  });

  it.each(['hmacKey', 'verificationPayload'])('needs %s', async (field) => {
    expect(outcomeOf(await send(without(field)))).toBe(
      '401 health_authority_verification_certificate_invalid',
    );
  });
}
