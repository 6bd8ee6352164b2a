import { macOf, APPS, SECRET, bodyOf, newKey, outcomeOf, publish } from './phone.ts';
import type { Answer, Ground } from './ground.ts';

/** Rows about base64, the routes, the body, its fields, and the form of the answer. */
export function describeRequests(on: () => Ground): void {
  describe('base64 as phones spell it', () => {
    describeSpellings(on);
  });
  describe('the routes', () => {
    describeRoutes(on);
  });
  describe('the body', () => {
    describeBodies(on);
  });
  describe('the fields of an upload', () => {
    describeFields(on);
  });
  describe('the answer', () => {
    describeAnswers(on);
  });
}

let spelled = 0;

/** Bytes whose base64 has both characters in which the alphabets differ, and two signs of padding. */
function oddBytes(): Buffer {
  const data = Buffer.alloc(16, 0xfb);
  data.writeUInt32BE((spelled += 1), 8);
  return data;
}

const urlSafe = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_');

function describeSpellings(on: () => Ground): void {
  const taken: [string, (standard: string) => string][] = [
    ['the standard alphabet with padding', (text) => text],
    ['the standard alphabet without padding', (text) => text.slice(0, -2)],
    ['one sign of padding too few', (text) => text.slice(0, -1)],
    ['padding in excess', (text) => `${text}===`],
    ['the alphabet for addresses, with padding', urlSafe],
    ['the alphabet for addresses, without padding', (text) => urlSafe(text).slice(0, -2)],
    ['both alphabets in one text', (text) => text.replace('+', '-')],
    [
      'line breaks inside',
      (text) => `${text.slice(0, 5)}\r\n${text.slice(5, 9)}\n${text.slice(9)}`,
    ],
    ['bits behind the last byte that are not zero', (text) => `${text.slice(0, 21)}x==`],
  ];
  it.each(taken)('takes %s, as the same bytes', async (_, spell) => {
    const data = oddBytes();
    const standard = data.toString('base64');
    expect(standard).toMatch(/\+.*\/.*w==$/u);
    expect(outcomeOf(await publish(on(), [newKey({ key: spell(standard) })]))).toBe('200');
    expect(await on().stored(standard)).toHaveLength(1);
  });

  const refused: [string, (standard: string) => string][] = [
    ['a space inside', (text) => `${text.slice(0, 5)} ${text.slice(5)}`],
    ['a tab at the end', (text) => `${text}\t`],
    ['padding inside', (text) => `${text.slice(0, 8)}==${text.slice(8)}`],
    ['padding before a line break', (text) => `${text}\n`],
    ['a sign of no alphabet', (text) => `*${text.slice(1)}`],
    ['a letter beyond ASCII', (text) => `é${text.slice(1)}`],
    ['a last sign that carries no byte', (text) => `${text.slice(0, 21)}==`],
    ['no text', () => ''],
    ['padding alone', () => '='],
    ['15 bytes', (text) => text.slice(0, 20)],
    ['17 bytes', (text) => `${text.slice(0, 22)}A`],
  ];
  it.each(refused)('refuses a key with %s', async (_, spell) => {
    const key = newKey({ key: spell(oddBytes().toString('base64')) });
    expect(outcomeOf(await publish(on(), [key]))).toBe('400 bad_request');
  });

  it.each(['Zg==', 'Zg=', 'Zg', 'Z\ng', 'Zh=='])(
    'takes the secret %j as the byte of "f"',
    async (hmacKey) => {
      const keys = [newKey()];
      const claims = { tekmac: macOf(keys, { secret: Buffer.from('f') }) };
      expect(outcomeOf(await publish(on(), keys, { claims, body: { hmacKey } }))).toBe('200');
    },
  );

  it.each([undefined, '', '='])('takes the secret %j as no bytes', async (hmacKey) => {
    const keys = [newKey()];
    const claims = { tekmac: macOf(keys, { secret: Buffer.alloc(0) }) };
    expect(outcomeOf(await publish(on(), keys, { claims, body: { hmacKey } }))).toBe('200');
  });

  it('takes the MAC of a certificate in the other alphabet and without padding', async () => {
    const keys = [newKey()];
    const claims = { tekmac: urlSafe(macOf(keys)).slice(0, -1) };
    expect(outcomeOf(await publish(on(), keys, { claims }))).toBe('200');
  });
}

function describeRoutes(on: () => Ground): void {
  it.each(['/', '/v1/publish/', '/v1', '/v1/publish/x', '/V2/publish'])(
    'knows nothing at %s',
    async (path) => {
      const service = await on().service();
      expect((await service.send('{}', {}, path)).status).toBe(404);
    },
  );

  it.each(['GET', 'PUT', 'PATCH', 'DELETE'])('takes no upload by %s', async (method) => {
    const service = await on().service();
    const body =
      method === 'GET' ? undefined : JSON.stringify(bodyOf([newKey()], on().clock.now()));
    const answer = await service.send(body, { method });
    expect(outcomeOf(answer)).toBe('405 bad_request');
    expect(answer.headers.get('allow')).toBe('POST');
  });

  it('says at /health that the store answers', async () => {
    const service = await on().service();
    const { status, text } = await service.send(undefined, { method: 'GET' }, '/health');
    expect([status, text]).toEqual([200, '{"status": "ok"}']);
  });

  const answers: [string, () => Promise<Answer>][] = [
    ['an upload that was taken', async () => await publish(on(), [newKey()])],
    ['one that was refused', async () => await publish(on(), [newKey({ rollingPeriod: 0 })])],
    ['a body that is none', async () => await (await on().service()).send('{')],
    [
      'another content type',
      async () => await (await on().service()).send('{}', { headers: { 'content-type': 'a/b' } }),
    ],
    ['another method', async () => await (await on().service()).send('{}', { method: 'PUT' })],
  ];
  it.each(answers)(
    'says in its headers what it is and of which version, to %s',
    async (_, send) => {
      const { headers } = await send();
      expect(headers.get('content-type')).toBe('application/json');
      expect(headers.get('x-api-version')).toBe('v1');
    },
  );
}

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

function describeBodies(on: () => Ground): void {
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

  it.each<[string, Change]>([
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
  ])('is taken with %s', async (_, change) => {
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

  it.each<[string, Change]>([
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
  ])('is no upload with %s', async (_, change) => {
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

/** Keys in a row, each of one interval: none overlaps, and no three start together. */
const keysInARow = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    newKey({ rollingStartNumber: 2_700_000 + n, rollingPeriod: 1 }),
  );

function describeFields(on: () => Ground): void {
  it.each([1, 30])('may hold %i keys', async (count) => {
    const answer = await publish(on(), keysInARow(count));
    expect(answer).toMatchObject({ status: 200, body: { insertedExposures: count } });
  });

  it.each([31, 60, 100])('may not hold %i keys', async (count) => {
    const keys = keysInARow(count);
    expect(outcomeOf(await publish(on(), keys))).toBe('400 bad_request');
    expect(await on().stored(keys[0]!.key)).toEqual([]);
  });

  it('name the application in any letter case', async () => {
    const body = { healthAuthorityID: APPS.home.id.toUpperCase() };
    const key = newKey();
    expect(outcomeOf(await publish(on(), [key], { body }))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([{ app: APPS.home.id }]);
  });

  it.each([true, false, undefined])('mark the keys of a traveler: %j', async (traveler) => {
    const key = newKey();
    expect(outcomeOf(await publish(on(), [key], { body: { traveler } }))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([{ traveler: traveler ?? false }]);
  });

  it.each([0, undefined])('may leave the onset open: %j', async (symptomOnsetInterval) => {
    const key = newKey();
    expect(outcomeOf(await publish(on(), [key], { body: { symptomOnsetInterval } }))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([{ key: { onsetDays: 3 } }]);
  });

  it.each([undefined, '', 'AAAA'.repeat(500)])('may have any padding', async (padding) => {
    expect(outcomeOf(await publish(on(), [newKey()], { body: { padding } }))).toBe('200');
  });

  it('take a key without a period as one of a whole day, in the MAC too', async () => {
    const key = newKey();
    const { rollingPeriod: _, ...sent } = key;
    const body = { temporaryExposureKeys: [sent] };
    expect(outcomeOf(await publish(on(), [key], { body }))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([{ key: { period: 144 } }]);
  });

  it('take a key without a risk as one with risk 0, in the MAC too', async () => {
    const key = newKey();
    const { transmissionRisk: _, ...sent } = key;
    const body = { temporaryExposureKeys: [sent] };
    expect(outcomeOf(await publish(on(), [key], { body }))).toBe('200');
  });
}

function describeAnswers(on: () => Ground): void {
  const fields = (answer: Answer): readonly string[] => Object.keys(answer.body);

  it('to new keys has a token, their number and padding', async () => {
    const answer = await publish(on(), [newKey(), newKey()]);
    expect(fields(answer)).toEqual(['revisionToken', 'insertedExposures', 'padding']);
    expect(answer.body['insertedExposures']).toBe(2);
  });

  it('to keys that are not stored has no number', async () => {
    const answer = await publish(on(), [newKey()], { reportType: 'negative' });
    expect(fields(answer)).toEqual(['revisionToken', 'padding']);
  });

  it('to keys that were left out has warnings, and no token', async () => {
    const body = { symptomOnsetInterval: 2_697_840 };
    const answer = await publish(on(), [newKey()], { body });
    expect([answer.status, ...fields(answer)]).toEqual([200, 'padding', 'warnings']);
  });

  it('to a refused upload has what is wrong, a code and padding', async () => {
    const answer = await publish(on(), [newKey({ rollingPeriod: 0 })]);
    expect(fields(answer)).toEqual(['error', 'code', 'padding']);
  });

  const padding: [string, () => Promise<Answer>][] = [
    ['taken', async () => await publish(on(), [newKey()])],
    ['refused', async () => await publish(on(), [newKey({ rollingPeriod: 0 })])],
    ['not read', async () => await (await on().service()).send('{')],
    ['of another app', async () => await publish(on(), [], { body: { healthAuthorityID: 'x' } })],
  ];
  /** What is said is filled up to 2048 bytes, head included; then come 1024 to 2047 random bytes, written as base64. */
  const LONGEST = 2048 + 2732 + 3;
  it.each(padding)(
    'has padding up to a length of its own when an upload is %s',
    async (_, send) => {
      const { body, text } = await send();
      const bytes = Buffer.from(String(body['padding']), 'base64');
      expect(bytes.toString('base64')).toBe(body['padding']);
      expect(bytes.length).toBeGreaterThanOrEqual(1024);
      expect(text.length).toBeLessThanOrEqual(LONGEST);
      expect(text).toMatch(/\} {0,3}$/u);
    },
  );

  it('has a token in standard base64 with padding', async () => {
    const { body } = await publish(on(), [newKey()]);
    const token = String(body['revisionToken']);
    expect(Buffer.from(token, 'base64').toString('base64')).toBe(token);
  });

  it('does not repeat what was sent', async () => {
    const token = SECRET.toString('hex');
    const body = { padding: token, verificationPayload: `${token}.${token}.${token}` };
    const { text } = await publish(on(), [newKey()], { body });
    expect(text).not.toContain(token);
  });
}
