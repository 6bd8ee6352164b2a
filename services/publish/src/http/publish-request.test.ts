import fc from 'fast-check';
import { strictJsonParser } from '@keyserver/service';
import { COSTLY_BODIES, LONG_WORDS, goodBody } from '../testing/costly-bodies.ts';
import { bodyShape, uploadParser, v1Form } from './publish-request.ts';

const MAX_KEYS = 30;
const parsePublishRequest = uploadParser(v1Form, { maxKeys: MAX_KEYS });

const parse = (body: string) => parsePublishRequest(Buffer.from(body));

const requestOf = (body: string) => {
  const parsed = parse(body);
  if (parsed.kind === 'refused') throw new Error(parsed.problem);
  return parsed.request;
};

const problemOf = (body: string | Buffer): string => {
  const parsed = parsePublishRequest(Buffer.from(body));
  if (parsed.kind !== 'refused') throw new Error('not refused');
  return parsed.problem;
};

const NOTHING = {
  appId: '',
  certificate: '',
  hmacKey: '',
  keys: [],
  onset: 0,
  traveler: false,
  revisionToken: '',
};

const NO_KEY = { key: '', rollingStartNumber: 0, rollingPeriod: 144, transmissionRisk: 0 };

describe('parsePublishRequest', () => {
  it('reads every field of an upload', () => {
    const body = `{"temporaryExposureKeys":[
      {"key":"AAECAwQFBgcICQoLDA0ODw==","rollingStartNumber":2700000,"rollingPeriod":144},
      {"key":"B","rollingStartNumber":-2147483648,"rollingPeriod":2147483647,"transmissionRisk":8}],
      "healthAuthorityID":"gov.example.doh","verificationPayload":"a.b.c","hmacKey":"aGFzaA==",
      "symptomOnsetInterval":2699712,"traveler":true,"revisionToken":"dG9rZW4=","padding":"xyz"}`;
    expect(requestOf(body)).toEqual({
      appId: 'gov.example.doh',
      certificate: 'a.b.c',
      hmacKey: 'aGFzaA==',
      keys: [
        {
          key: 'AAECAwQFBgcICQoLDA0ODw==',
          rollingStartNumber: 2_700_000,
          rollingPeriod: 144,
          transmissionRisk: 0,
        },
        {
          key: 'B',
          rollingStartNumber: -2_147_483_648,
          rollingPeriod: 2_147_483_647,
          transmissionRisk: 8,
        },
      ],
      onset: 2_699_712,
      traveler: true,
      revisionToken: 'dG9rZW4=',
    });
  });

  it.each([
    ['null'],
    ['{}'],
    [' {} '],
    ['{"temporaryExposureKeys":null,"traveler":null,"hmacKey":null}'],
  ])('reads %s as an upload of nothing', (body) => {
    expect(requestOf(body)).toEqual(NOTHING);
  });

  it('reads a key that is null, or whose fields are, as an empty one', () => {
    const body = '{"temporaryExposureKeys":[null,{"key":null,"transmissionRisk":null}]}';
    expect(requestOf(body).keys).toEqual([NO_KEY, NO_KEY]);
  });

  it('takes field names in any letter case', () => {
    const body = '{"hmackey":"a","HEALTHAUTHORITYID":"b","TemporaryExposureKeys":[{"KEY":"c"}]}';
    const keys = [{ ...NO_KEY, key: 'c' }];
    expect(requestOf(body)).toEqual({ ...NOTHING, hmacKey: 'a', appId: 'b', keys });
  });

  it('takes the lines of whitespace that JSON allows around the value', () => {
    expect(requestOf('\r\n\t {"traveler":\n true}\n\n')).toMatchObject({ traveler: true });
  });

  it.each([
    ['nothing at all', ''],
    ['white space only', ' \n'],
    ['a syntax error', '{"traveler":tru}'],
    ['truncated JSON', '{"hmacKey":"abc'],
    ['a second value', '{}{}'],
    ['a lone closing brace after the value', '{}}'],
    ['a name given twice', '{"hmacKey":"a","hmacKey":"b"}'],
    ['a name given twice in two letter cases', '{"hmacKey":"a","hmackey":"b"}'],
    ['a name of a key given twice', '{"temporaryExposureKeys":[{"key":"a","Key":"b"}]}'],
    ['a byte order mark', '\u{feff}{}'],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a NUL in a text', '{"hmacKey":"\0"}'],
    ['a NUL after the value', '{}\0'],
    ['a surrogate in UTF-8', Buffer.from('7b22686d61634b6579223a22eda080227d', 'hex')],
    ['a letter in more bytes than it needs', Buffer.from('7b22c1a8223a317d', 'hex')],
    ['a number of 60,000 digits', `{"symptomOnsetInterval":${'9'.repeat(60_000)}}`],
    ['an exponent beyond all numbers', '{"symptomOnsetInterval":1e999999}'],
    ['a fraction', '{"symptomOnsetInterval":1.0}'],
    ['an exponent', '{"symptomOnsetInterval":1e3}'],
    ['a real fraction', '{"temporaryExposureKeys":[{"rollingPeriod":1.5}]}'],
    [
      'an integer beyond all exact ones',
      '{"temporaryExposureKeys":[{"transmissionRisk":9007199254740993}]}',
    ],
  ])('refuses %s as JSON', (_, body) => {
    expect(problemOf(body)).toMatch(/^the body is not acceptable JSON \([a-z_]+\)$/u);
  });

  it.each([
    ['an array', '[]', 'the body must not be a list'],
    ['a number', '17', 'the body must be object'],
    ['text', '"{}"', 'the body must be object'],
    ['text for an integer', '{"symptomOnsetInterval":"1"}', 'symptomOnsetInterval must be integer'],
    ['a number for text', '{"hmacKey":1}', 'hmacKey must be string'],
    ['a number for a truth value', '{"traveler":1}', 'traveler must be boolean'],
    [
      'an object for the keys',
      '{"temporaryExposureKeys":{}}',
      'temporaryExposureKeys must not be an object',
    ],
    ['text for a key', '{"temporaryExposureKeys":["x"]}', 'temporaryExposureKeys/0 must be object'],
    [
      'an array for a key',
      '{"temporaryExposureKeys":[{},[]]}',
      'temporaryExposureKeys/1 must not be a list',
    ],
    [
      'a truth value in a key',
      '{"temporaryExposureKeys":[{"rollingPeriod":true}]}',
      'temporaryExposureKeys/0/rollingPeriod must be integer',
    ],
    [
      'an onset beyond 32 bits',
      '{"symptomOnsetInterval":2147483648}',
      'symptomOnsetInterval must be <= 2147483647',
    ],
    [
      'a start beyond 32 bits',
      '{"temporaryExposureKeys":[{"rollingStartNumber":-2147483649}]}',
      'temporaryExposureKeys/0/rollingStartNumber must be >= -2147483648',
    ],
    ['an unknown field', '{"regions":["US"]}', 'unknown field in the body'],
    ['an unknown field that is null', '{"regions":null}', 'unknown field in the body'],
    ['a field of every object', '{"__proto__":{}}', 'unknown field in the body'],
    ['a name that objects inherit', '{"constructor":1}', 'unknown field in the body'],
    [
      'an unknown field of a key',
      '{"temporaryExposureKeys":[{},{"secret":1}]}',
      'unknown field in temporaryExposureKeys/1',
    ],
    [
      'a field of the old API',
      '{"appPackageName":"x","healthAuthorityID":"y"}',
      'unknown field in the body',
    ],
  ])('refuses %s and says where', (_, body, problem) => {
    expect(problemOf(body)).toBe(problem);
  });

  it('reads twice the keys that an upload may hold, and says what is wrong with more', () => {
    const keys = (count: number): string =>
      `{"temporaryExposureKeys":[${Array(count).fill('{}').join()}]}`;
    expect(requestOf(keys(2 * MAX_KEYS)).keys).toHaveLength(2 * MAX_KEYS);
    expect(problemOf(keys(2 * MAX_KEYS + 1))).toBe(
      'temporaryExposureKeys holds far too many items',
    );
  });

  it.each(COSTLY_BODIES)('reads no more of %s than twice a good upload', (_, body, problem) => {
    const refused = strictJsonParser(bodyShape(v1Form, MAX_KEYS))(Buffer.from(body));
    expect(refused).toMatchObject({ kind: 'refused' });
    if (refused.kind === 'refused')
      expect(refused.read).toBeLessThan(2 * goodBody(MAX_KEYS).length);
    expect(problemOf(body)).toBe(problem);
  });

  it.each(LONG_WORDS)('refuses %s', (_, body, problem) => {
    expect(problemOf(body)).toBe(problem);
  });

  it('never repeats a name or a value that it was sent', () => {
    const marked = fc.record({
      name: fc.string({ minLength: 1 }).map((text) => `MARK${text}`),
      value: fc.oneof(
        fc.string().map((text) => `MARK${text}`),
        fc.integer(),
        fc.constant(['MARK']),
      ),
    });
    fc.assert(
      fc.property(marked, fc.boolean(), ({ name, value }, inKey) => {
        const object = { [name]: value };
        const body = inKey ? { temporaryExposureKeys: [object] } : object;
        expect(problemOf(JSON.stringify(body))).not.toContain('MARK');
        expect(problemOf(JSON.stringify({ traveler: value }))).not.toContain('MARK');
      }),
    );
  });

  it('reads or refuses any JSON value, and never throws', () => {
    fc.assert(
      fc.property(fc.json(), (body) => {
        expect(['request', 'refused']).toContain(parse(body).kind);
      }),
    );
  });

  it('reads or refuses any bytes, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        expect(['request', 'refused']).toContain(parsePublishRequest(body).kind);
      }),
    );
  });
});
