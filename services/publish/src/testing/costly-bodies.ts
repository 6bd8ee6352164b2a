import { aKey, anUpload, wireBody } from './uploads.ts';

const MAX_BODY = 64_000;

/** A good upload of so many keys, as text. */
export const goodBody = (keys: number): string =>
  JSON.stringify(wireBody(anUpload(Array.from({ length: keys }, (_, n) => aKey(n)))));

/** As much of a text as fits into a body. */
const filled = (start: string, piece: string): string =>
  start + piece.repeat(Math.floor((MAX_BODY - start.length) / piece.length));

const key = JSON.stringify(aKey(1));

/** What is sent, as a name for the test, and what is said of it. */
type RefusedBody = readonly [what: string, body: string, problem: string];

/** Bodies as long as they may be that cannot be taken, although each of their pieces could be. */
export const COSTLY_BODIES: readonly RefusedBody[] = [
  ['an unknown field', filled('{"regions":["US"', ',"US"'), 'unknown field in the body'],
  ['a list for text', filled('{"padding":[0', ',0'), 'padding must not be a list'],
  ['an object for text', filled('{"hmacKey":{"a":1', ',"b":1'), 'hmacKey must not be an object'],
  ['lists in lists', filled('{"hmacKey":', '['), 'hmacKey must not be a list'],
  ['a list for the body', filled('[{}', ',{}'), 'the body must not be a list'],
  [
    'an object for the keys',
    filled('{"temporaryExposureKeys":{"a":{}', ',"b":{}'),
    'temporaryExposureKeys must not be an object',
  ],
  [
    'a list for a key',
    filled('{"temporaryExposureKeys":[[0', ',0'),
    'temporaryExposureKeys/0 must not be a list',
  ],
  [
    'far too many keys',
    filled(`{"temporaryExposureKeys":[${key}`, `,${key}`),
    'temporaryExposureKeys holds far too many items',
  ],
  [
    'far too many empty keys',
    filled('{"temporaryExposureKeys":[{}', ',{}'),
    'temporaryExposureKeys holds far too many items',
  ],
];

/** Bodies of one long text, name, number or gap, which has to be looked at to its end. */
export const LONG_WORDS: readonly RefusedBody[] = [
  [
    'an open text of escapes',
    filled('{"padding":"', '\\"'),
    'the body is not acceptable JSON (syntax)',
  ],
  [
    'a text of bad escapes',
    `${filled('{"padding":"', '\\x').slice(0, -2)}"}`,
    'the body is not acceptable JSON (syntax)',
  ],
  ['white space', filled(' ', ' '), 'the body is not acceptable JSON (empty)'],
  [
    'white space before nothing',
    `${filled('{', ' ').slice(0, -1)}x`,
    'the body is not acceptable JSON (syntax)',
  ],
  ['an endless number', filled('{"rollingPeriod":1', '1'), 'unknown field in the body'],
  [
    'an endless onset',
    filled('{"symptomOnsetInterval":1', '1'),
    'the body is not acceptable JSON (number)',
  ],
  ['a long name', `${filled('{"', 'k').slice(0, -4)}":1}`, 'unknown field in the body'],
];
