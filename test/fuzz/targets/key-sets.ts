import { createPublicKey } from 'node:crypto';
import { type KeySetReading, parseKeyVersion, readKeySet } from '@keyserver/health-authority';
import { strictJsonParser } from '@keyserver/service';
import type { Target } from '../search.ts';
import { must, mustEqual, outcomeOf } from './must.ts';

const parse = strictJsonParser();
const MOST_KEYS = 100;

/** A point on the curve, always the same. */
const point = {
  ...{ kty: 'EC', crv: 'P-256' },
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
};
const pem = createPublicKey({ format: 'jwk', key: point })
  .export({ type: 'spki', format: 'pem' })
  .toString()
  .trim();

/** The keys that another reader sees in an answer, by their kid. */
function entriesOf(answer: unknown): readonly Record<string, unknown>[] {
  const list: unknown = Array.isArray(answer) ? answer : (answer as { keys?: unknown }).keys;
  return list as Record<string, unknown>[];
}

/**
 * What is taken are P-256 keys that the answer names, each as another reader imports it, with nothing secret beside them; what is
 * refused says why in a word of ours.
 */
function checkKeySet(input: Buffer): KeySetReading | undefined {
  const json = parse(input);
  if (json.kind !== 'value') return undefined;
  const read = outcomeOf(() => readKeySet(json.value));
  if ('thrown' in read) {
    must(false, 'thrown at a key set');
    return undefined;
  }
  const reading = read.value;
  if (reading.kind !== 'keys') return reading;
  const entries = entriesOf(json.value);
  must(reading.keys.length > 0 && reading.keys.length <= MOST_KEYS, 'a wrong number of keys');
  must(
    entries.every((entry) => ['d', 'p', 'q', 'k'].every((name) => (entry[name] ?? null) === null)),
    'taken beside a secret',
  );
  const versions = reading.keys.map(({ version }) => version);
  must(new Set(versions).size === versions.length, 'one kid for two keys');
  for (const { version, publicKey } of reading.keys) {
    must(parseKeyVersion(version) === version, 'a kid that no certificate may have');
    const entry = entries.find(
      ({ kid, kty, crv }) => kid === version && kty === 'EC' && crv === 'P-256',
    );
    const { x, y } = createPublicKey(publicKey).export({ format: 'jwk' });
    mustEqual([x, y], [entry?.['x'], entry?.['y']], 'another key than was served');
  }
  return reading;
}

const key = { ...point, kid: 'k1', use: 'sig', alg: 'ES256', key_ops: ['verify'] };
const seeds = [
  { keys: [key] },
  [key, { ...key, kid: 'k2' }],
  { keys: [{ kty: 'RSA', kid: 'r', n: 'AQAB', e: 'AQAB' }, key] },
  { keys: [{ ...key, d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI' }] },
  { keys: [] },
  [{ ...key, use: 'enc' }],
].map((answer) => Buffer.from(JSON.stringify(answer)));

/** The bytes that an authority answers with when it is asked for its keys. */
export const keySetTargets: readonly Target[] = [
  {
    name: 'key-set',
    seeds,
    dictionary: [
      ...[
        '{"keys":[',
        ']}',
        ',',
        '{}',
        '[]',
        'null',
        '"',
        '\\u0000',
        ' ',
        '"d":"AA",',
        '"k":null,',
      ],
      ...['"kty":"EC"', '"kty":"oct"', '"crv":"P-256"', '"crv":"P-384"', '"kid":"k1"', '"kid":""'],
      ...['"use":"enc"', '"alg":"none"', '"key_ops":["sign"]', '"__proto__":', point.x, point.y],
      pem,
    ],
    check: checkKeySet,
  },
];
