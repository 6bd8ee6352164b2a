import { createCipheriv } from 'node:crypto';
import { seededRandom } from '@keyserver/random/testing';
import { openToken, parseToken, sealToken } from '@keyserver/revision-token';
import type { RevisableKey } from '@keyserver/exposure-keys';
import type { Target } from '../search.ts';
import { must, mustEqual } from './must.ts';

const dataKey = { id: 7, key: Buffer.alloc(32, 3) };
const bound = Buffer.alloc(16, 4);
const random = seededRandom('tokens');
const keys: readonly RevisableKey[] = [
  { data: Buffer.alloc(16, 1), start: 2_700_000, period: 144 },
  { data: Buffer.alloc(16, 2), start: 2_700_144, period: 61 },
];
const good = [keys.slice(0, 1), keys].map((some) => sealToken(some, { dataKey, bound, random }));

const sealedIn = (token: string): string | undefined => {
  const sent = parseToken(token);
  return sent.kind === 'sealed' ? Buffer.from(sent.data).toString('hex') : undefined;
};
const sealed = new Set(good.map(sealedIn));

/** Nothing opens but what was sealed. */
function checkToken(input: Buffer): unknown {
  const text = input.toString('utf8');
  const sent = parseToken(text);
  if (sent.kind !== 'sealed') return sent;
  must(Number.isSafeInteger(sent.keyId) && sent.keyId > 0, 'no number of a data key');
  const opened = openToken(sent.data, { key: dataKey.key, bound });
  must(opened === undefined || sealed.has(sealedIn(text)), 'an altered token was opened');
  return opened;
}

const CIPHER = 'aes-256-gcm';
const NONCE = Buffer.alloc(12, 9);

/** Whatever has been sealed gives keys or nothing. */
function checkContent(input: Buffer): unknown {
  const cipher = createCipheriv(CIPHER, dataKey.key, NONCE).setAAD(bound);
  const data = [NONCE, cipher.update(input), cipher.final(), cipher.getAuthTag()];
  const opened = openToken(Buffer.concat(data), { key: dataKey.key, bound });
  for (const { data, start, period } of opened ?? []) {
    must(data.length === 16, 'a key of another length');
    must(
      [start, period].every((n) => Number.isInteger(n) && Math.abs(n) <= 2 ** 31),
      'no 32-bit number',
    );
  }
  return opened?.length;
}

/** What is sealed is opened again, whatever it is. */
function checkRoundTrip(input: Buffer): unknown {
  const count = Math.floor(input.length / 21);
  const some = Array.from({ length: count }, (_, n) => {
    const record = input.subarray(n * 21, n * 21 + 21);
    const start = record.readInt32LE(16);
    return { data: record.subarray(0, 16), start, period: record.readUInt8(20) };
  });
  const sent = parseToken(sealToken(some, { dataKey, bound, random: seededRandom('x') }));
  const opened =
    sent.kind === 'sealed' ? openToken(sent.data, { key: dataKey.key, bound }) : undefined;
  const plain = (list: readonly RevisableKey[]) =>
    list
      .filter(({ start, period }) => start !== 0 || period !== 0)
      .map((key) => ({ ...key, data: Buffer.from(key.data) }));
  mustEqual(opened && plain(opened), plain(some), 'other keys than were sealed');
  return count;
}

const contentOf = Buffer.from(
  '0a1a0a10000102030405060708090a0b0c0d0e0f10e0e5a4011890010a190a10101112131415161718191a1b1c1d1e1f10f0e6a401183d0a120a1000000000000000000000000000000000',
  'hex',
);

/** Readers of revision tokens. */
export const tokenTargets: readonly Target[] = [
  { name: 'token', seeds: good.map((token) => Buffer.from(token)), check: checkToken },
  { name: 'token-content', seeds: [contentOf, Buffer.alloc(0)], check: checkContent },
  { name: 'token-keys', seeds: [Buffer.alloc(63, 1), Buffer.alloc(0)], check: checkRoundTrip },
];
