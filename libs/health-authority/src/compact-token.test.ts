import { generateKeyPairSync } from 'node:crypto';
import { hasValidSignature, parseCompactToken, signCompactToken } from './compact-token.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

it.each([
  ['begin with a zero', (first: number) => first === 0],
  ['begin with a bit that looks like a sign', (first: number) => first >= 0x80],
  ['begin with neither', (first: number) => first > 0 && first < 0x80],
])('takes a signature whose numbers %s', async (_what, wanted) => {
  const parts = [0, 32];
  for (let n = 0; parts.length > 0; n++) {
    const token = parseCompactToken(signCompactToken('{}', `{"n":${n}}`, privateKey))!;
    const at = parts.findIndex((start) => wanted(token.signature![start]!));
    if (at < 0) continue;
    parts.splice(at, 1);
    expect(await hasValidSignature(token, publicKey)).toBe(true);
    token.signature![1]! ^= 1;
    expect(await hasValidSignature(token, publicKey)).toBe(false);
  }
});
