import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { type PlayMint, encryptPlayToken, mintPlayToken } from '@keyserver/stand-ins/attestation';
import { decodePlayToken, readPlayKeys } from './play-token.ts';

const encryption = new Uint8Array(32).fill(3);
const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const spki = signer.publicKey.export({ type: 'spki', format: 'der' });
const keys = readPlayKeys(base64(encryption), base64(spki));
const mint: PlayMint = { encryption, signing: signer.privateKey };
const payload = JSON.stringify({ a: 1 });

async function outcomeOf(token: string, pairs = [keys]): Promise<string> {
  const decoded = await decodePlayToken(token, pairs);
  return decoded.kind === 'decoded' ? 'ok' : `${decoded.failure}: ${decoded.reason}`;
}

const otherKeys = () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return readPlayKeys(base64(new Uint8Array(32)), base64(der));
};

describe('decodePlayToken', () => {
  it('decrypts, verifies and parses', async () => {
    expect(await decodePlayToken(await mintPlayToken(payload, mint), [keys])).toEqual({
      kind: 'decoded',
      payload: { a: 1 },
    });
  });

  it('tries each pair of keys, since tokens do not say which', async () => {
    expect(await outcomeOf(await mintPlayToken(payload, mint), [otherKeys(), keys])).toBe('ok');
    expect(await outcomeOf(await mintPlayToken(payload, mint), [otherKeys()])).toBe(
      'untrusted: token_keys',
    );
    expect(await outcomeOf(await mintPlayToken(payload, mint), [])).toBe('untrusted: token_keys');
  });

  it.each<[why: string, make: () => Promise<string>]>([
    [
      'signed with HMAC under the public key',
      async () =>
        await mintPlayToken(payload, {
          ...mint,
          signing: new Uint8Array(spki),
          signature: 'HS256',
        }),
    ],
    [
      'signed by somebody else',
      async () =>
        await mintPlayToken(payload, {
          ...mint,
          signing: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
        }),
    ],
    ['only encrypted', async () => await encryptPlayToken(payload, mint)],
    [
      'signed with no algorithm',
      async () =>
        await encryptPlayToken(
          `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(payload).toString('base64url')}.`,
          mint,
        ),
    ],
    ['encrypted directly', async () => await mintPlayToken(payload, { ...mint, wrap: 'dir' })],
    [
      'encrypted with another cipher',
      async () => await mintPlayToken(payload, { ...mint, cipher: 'A256CBC-HS512' }),
    ],
    [
      'encrypted for somebody else',
      async () => await mintPlayToken(payload, { ...mint, encryption: new Uint8Array(32) }),
    ],
  ])('refuses a token %s', async (_why, make) => {
    const token = await make();
    // Such as a direct encryption, which has no encrypted key, is not even of the form.
    expect(await outcomeOf(token)).toMatch(/^(untrusted: token_keys|malformed: token)$/);
  });

  it.each([
    ['nothing', ''],
    ['four parts', 'a.b.c.d'],
    ['six parts', 'a.b.c.d.e.f'],
    ['an empty part', 'a..c.d.e'],
    ['padding', 'a=.b.c.d.e'],
    ['too many bytes', `${'a'.repeat(32 * 1024)}.b.c.d.e`],
  ])('refuses as malformed %s', async (_why, token) => {
    expect(await outcomeOf(token)).toBe('malformed: token');
  });

  it('refuses as malformed what is signed and no JSON', async () => {
    expect(await outcomeOf(await mintPlayToken('{', mint))).toBe('malformed: token_json');
  });

  it('refuses a token that is only signed', async () => {
    const signed = (await mintPlayToken(payload, mint)).split('.').slice(0, 3).join('.');
    expect(await outcomeOf(signed)).toBe('malformed: token');
  });
});

describe('readPlayKeys', () => {
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  it.each([
    ['a decryption key of 16 bytes', base64(new Uint8Array(16)), base64(spki), /decryption key/],
    ['a verification key that is none', base64(encryption), 'AAAA', /verification key/],
    [
      'a verification key on another curve',
      base64(encryption),
      base64(p384.export({ type: 'spki', format: 'der' })),
      /verification key/,
    ],
  ])('refuses %s', (_why, decryption, verification, sentence) => {
    expect(() => readPlayKeys(decryption, verification)).toThrow(sentence);
  });

  it('reads what Play Console hands out', () => {
    expect(keys.verification.equals(signer.publicKey)).toBe(true);
    expect(createSecretKey(keys.decryption).symmetricKeySize).toBe(32);
  });
});
