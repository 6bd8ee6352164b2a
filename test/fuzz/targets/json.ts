import { type StrictJson, strictJsonParser } from '@keyserver/service';
import { V1 } from '@keyserver/publish/testing';
import type { Target } from '../search.ts';
import { must, mustEqual, outcomeOf } from './must.ts';

const JSON_WORDS = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '\\u0000', '\\ud83d', '\\"', '\\\\', '//'],
  ...[
    'true',
    'false',
    'null',
    '-',
    '.',
    'e9',
    '"a":1,',
    '"__proto__":',
    '\ufeff',
    'é',
    '\u2028',
    '😀',
  ],
];
const FIELDS = [
  ...['temporaryExposureKeys', 'key', 'rollingStartNumber', 'rollingPeriod', 'transmissionRisk'],
  ...['healthAuthorityID', 'verificationPayload', 'hmacKey', 'symptomOnsetInterval', 'traveler'],
  ...['revisionToken', 'padding', 'HMACKEY', 'hmac\\u004bey', 'hmac\u212aey'],
];

const textOf = (input: Buffer): string | undefined => {
  const decoded = outcomeOf(() =>
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input),
  );
  return 'value' in decoded ? decoded.value : undefined;
};

const parseStrictly = strictJsonParser();

/** What is taken means the same to every reader, and what is called no JSON is none. */
function checkJson(input: Buffer): StrictJson {
  const parsed = parseStrictly(input);
  const text = textOf(input);
  const theirs =
    text === undefined ? { thrown: 'encoding' } : outcomeOf((): unknown => JSON.parse(text));
  if (parsed.kind === 'value') {
    must('value' in theirs, 'taken, and no JSON');
    mustEqual(
      parsed.value,
      'value' in theirs && theirs.value,
      'another value than other readers see',
    );
    return parsed;
  }
  must(parsed.read <= input.length, 'more was read than there is');
  if (['encoding', 'empty', 'syntax', 'trailing'].includes(parsed.reason))
    must(
      !('value' in theirs) || text?.startsWith('\ufeff') === true,
      `refused for ${parsed.reason}, and JSON`,
    );
  return parsed;
}

const parseUpload = V1.parser({ maxKeys: 30 });

/** Words of our own, names of our fields, positions and bounds. */
const OUR_WORDS = /^[A-Za-z0-9_ /().,<=>-]+$/u;
const INT32 = [-(2 ** 31), 2 ** 31 - 1] as const;

/** What is taken has the fields that any other reader sees; what is refused is refused in words of our own. */
function checkUpload(input: Buffer): unknown {
  const parsed = parseUpload(input);
  if (parsed.kind === 'refused') {
    must(OUR_WORDS.test(parsed.problem) && parsed.problem.length < 120, 'words that are not ours');
    return parsed;
  }
  const { request } = parsed;
  mustEqual(
    request,
    otherReader(JSON.parse(input.toString())),
    'another upload than other readers see',
  );
  must(request.keys.length <= 60, 'too many keys');
  for (const { rollingStartNumber, rollingPeriod } of request.keys)
    for (const number of [rollingStartNumber, rollingPeriod, request.onset])
      must(
        Number.isInteger(number) && INT32[0] <= number && number <= INT32[1],
        'no 32-bit number',
      );
  return parsed;
}

/** The upload as a plain reader sees it: names in any letter case, null as if absent. */
function otherReader(value: unknown): unknown {
  const { of, list } = fieldsOf(value);
  return {
    ...{ appId: of('healthauthorityid', ''), certificate: of('verificationpayload', '') },
    hmacKey: of('hmackey', ''),
    keys: list('temporaryexposurekeys').map((key) => {
      const { of } = fieldsOf(key);
      return {
        ...{ key: of('key', ''), rollingStartNumber: of('rollingstartnumber', 0) },
        ...{ rollingPeriod: of('rollingperiod', 144), transmissionRisk: of('transmissionrisk', 0) },
      };
    }),
    ...{ onset: of('symptomonsetinterval', 0), traveler: of('traveler', false) },
    revisionToken: of('revisiontoken', ''),
  };
}

function fieldsOf(value: unknown) {
  const fields = new Map(
    Object.entries(value ?? {}).map(([name, field]) => [name.toLowerCase(), field as unknown]),
  );
  return {
    of: (name: string, absent: unknown): unknown => fields.get(name) ?? absent,
    list: (name: string): readonly unknown[] => (fields.get(name) ?? []) as readonly unknown[],
  };
}

const key = { key: 'AAECAwQFBgcICQoLDA0ODw==', rollingStartNumber: 2_700_000, rollingPeriod: 144 };
const upload = {
  temporaryExposureKeys: [{ ...key, transmissionRisk: 3 }, key],
  ...{ healthAuthorityID: 'gov.example.doh', verificationPayload: 'a.b.c', hmacKey: 'AAAA' },
  ...{ symptomOnsetInterval: 2_699_712, traveler: true, revisionToken: '', padding: 'cGFk' },
};
const texts = (...values: string[]): Buffer[] => values.map((value) => Buffer.from(value));

/** Readers of JSON. */
export const jsonTargets: readonly Target[] = [
  {
    name: 'json',
    seeds: texts(
      '{"a":[1,-2,0,true,false,null,"x\\u00e9\\n"],"b":{"c":{}}}',
      ' [ ] ',
      '"text"',
      JSON.stringify(upload),
    ),
    dictionary: JSON_WORDS,
    check: checkJson,
  },
  {
    name: 'upload',
    seeds: texts(
      JSON.stringify(upload),
      '{"TRAVELER":null}',
      '{"symptomOnsetInterval":2147483648}',
      'null',
    ),
    dictionary: [...JSON_WORDS, ...FIELDS, ...FIELDS.map((name) => `"${name}":`)],
    check: checkUpload,
  },
];
