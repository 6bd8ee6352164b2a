import { generateKeyPairSync } from 'node:crypto';
import { unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import {
  type VerificationKey,
  parseVerificationKeys,
  renderVerificationKeys,
  verificationKeysName,
} from './verification-keys.ts';
import { memorySigner } from './testing/p256-signer.ts';

const { pem: publicKey } = memorySigner();
const key = (overrides: Partial<VerificationKey> = {}): VerificationKey => ({
  keyId: '310',
  keyVersion: 'v1',
  publicKey,
  from: unixMillis(1_590_159_600_000),
  thru: undefined,
  ...overrides,
});
const read = (document: unknown): unknown =>
  parseVerificationKeys(Buffer.from(JSON.stringify(document)));
const stated = { keyId: '310', keyVersion: 'v1', publicKey, from: 1_590_159_600 };

it('lies beside the index', () => {
  expect(verificationKeysName('v1')).toBe('v1/keys.json');
});

it('states the keys newest first, with times in seconds', () => {
  const newer = key({ keyVersion: 'v2', from: unixMillis(1_590_246_000_000) });
  const older = key({ thru: unixMillis(1_590_300_000_000) });
  const rendered = Buffer.from(renderVerificationKeys([older, newer])).toString();
  expect(JSON.parse(rendered)).toEqual({
    keys: [
      { ...stated, keyVersion: 'v2', from: 1_590_246_000 },
      { ...stated, thru: 1_590_300_000 },
    ],
  });
});

it('has a line for each name and time, so that people can read it', () => {
  const lines = Buffer.from(renderVerificationKeys([key()]))
    .toString()
    .split('\n');
  expect(lines.slice(0, 4)).toEqual(['{', '  "keys": [', '    {', '      "keyId": "310",']);
});

it('reads what it wrote', () => {
  const keys = [key(), key({ keyVersion: 'v0', from: unixMillis(0), thru: unixMillis(5000) })];
  expect(parseVerificationKeys(renderVerificationKeys(keys))).toEqual(keys);
  expect(parseVerificationKeys(renderVerificationKeys([]))).toEqual([]);
});

const privatePem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const otherCurve = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  .publicKey.export({ type: 'spki', format: 'pem' })
  .toString();

const armoured = (base64: string): string =>
  `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`;

it.each([
  ['no object', []],
  ['null', null],
  ['no keys', {}],
  ['keys that are no list', { keys: {} }],
  ['a key that is no object', { keys: ['x'] }],
  ['a key without an id', { keys: [{ ...stated, keyId: undefined }] }],
  ['a version that is a number', { keys: [{ ...stated, keyVersion: 1 }] }],
  ['an id of 65 letters', { keys: [{ ...stated, keyId: '3'.repeat(65) }] }],
  ['a start that is text', { keys: [{ ...stated, from: '2020-05-22' }] }],
  ['a start before 1970', { keys: [{ ...stated, from: -1 }] }],
  ['a fraction of a second', { keys: [{ ...stated, from: 0.5 }] }],
  ['a start past all time', { keys: [{ ...stated, from: Number.MAX_SAFE_INTEGER }] }],
  ['an end that is null', { keys: [{ ...stated, thru: null }] }],
  ['no public key', { keys: [{ ...stated, publicKey: undefined }] }],
  ['a broken public key', { keys: [{ ...stated, publicKey: '-----BEGIN PUBLIC KEY-----\nAA==' }] }],
  ['a public key of no bytes', { keys: [{ ...stated, publicKey: armoured('') }] }],
  ['a public key of other bytes', { keys: [{ ...stated, publicKey: armoured('AAAA') }] }],
  ['a key on another curve', { keys: [{ ...stated, publicKey: otherCurve }] }],
  ['a private key', { keys: [{ ...stated, publicKey: privatePem }] }],
  ['two keys in one', { keys: [{ ...stated, publicKey: publicKey + publicKey }] }],
  ['a key after a private one', { keys: [{ ...stated, publicKey: privatePem + publicKey }] }],
  ['one bad key among good ones', { keys: [stated, {}] }],
])('refuses %s', (_, document) => {
  expect(read(document)).toBeUndefined();
});

it('reads an id of 64 letters', () => {
  expect(read({ keys: [{ ...stated, keyId: '3'.repeat(64) }] })).toHaveLength(1);
});

it('reads times up to the last second that has whole milliseconds', () => {
  const from = Math.floor(Number.MAX_SAFE_INTEGER / 1000);
  expect(read({ keys: [{ ...stated, from }] })).toMatchObject([{ from: from * 1000 }]);
  expect(read({ keys: [{ ...stated, from: from + 1 }] })).toBeUndefined();
});

it('refuses what is no JSON', () => {
  expect(parseVerificationKeys(Buffer.from('<html>'))).toBeUndefined();
});

it('reads a document of 256 KiB, and refuses one that is a byte longer', () => {
  const whole = JSON.stringify({ keys: [stated] }).padEnd(256 * 1024, ' ');
  expect(parseVerificationKeys(Buffer.from(whole))).toHaveLength(1);
  expect(parseVerificationKeys(Buffer.from(`${whole} `))).toBeUndefined();
});

it('answers any document', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parseVerificationKeys(Buffer.from(text))).toBeUndefined();
    }),
  );
});
