import { generateKeyPairSync } from 'node:crypto';
import { isP256PublicKey, publicKeyReader } from './authority-key.ts';
import { VECTOR_KEY } from './testing/vectors.ts';

const pair = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const spki = { type: 'spki', format: 'pem' } as const;
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;

describe('an authority key', () => {
  it.each([
    ['in PEM', VECTOR_KEY],
    ['with a final newline', `${VECTOR_KEY}\n`],
    ['after an empty line', `\n${VECTOR_KEY}`],
  ])('may be a P-256 public key %s', (_what, pem) => {
    expect(isP256PublicKey(pem)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['text', 'not a key'],
    ['a P-384 key', pair('P-384').publicKey.export(spki).toString()],
    ['a key of another curve of 256 bits', pair('secp256k1').publicKey.export(spki).toString()],
    [
      'an RSA key',
      generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export(spki).toString(),
    ],
    ['an Ed25519 key', generateKeyPairSync('ed25519').publicKey.export(spki).toString()],
    ['a private key', pair('P-256').privateKey.export(pkcs8).toString()],
    ['two keys in one PEM', `${VECTOR_KEY}\n${pair('P-256').publicKey.export(spki).toString()}`],
    [
      'a key before a private one',
      `${VECTOR_KEY}\n${pair('P-256').privateKey.export(pkcs8).toString()}`,
    ],
    ['a key with words around it', `this is our key:\n${VECTOR_KEY}`],
    ['a cut PEM', VECTOR_KEY.slice(0, 90)],
    ['a PEM with a broken point', VECTOR_KEY.replace('9pDk', '9pDj')],
    ['an empty PEM', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----'],
  ])('may not be %s', (_what, pem) => {
    expect(isP256PublicKey(pem)).toBe(false);
  });
});

describe('a reader of public keys', () => {
  const pem = () => pair('P-256').publicKey.export(spki).toString();

  it('gives the same key object again', () => {
    const read = publicKeyReader(2);
    const key = read(VECTOR_KEY);
    expect(key?.asymmetricKeyType).toBe('ec');
    expect(read(VECTOR_KEY)).toBe(key);
  });

  it('remembers also what is no key', () => {
    const read = publicKeyReader(2);
    expect([read('not a key'), read('not a key')]).toEqual([undefined, undefined]);
  });

  it('forgets the key that it learnt first when it knows too many', () => {
    const read = publicKeyReader(2);
    const [first, second, third] = [pem(), pem(), pem()];
    const learnt = [first, second, third].map(read);
    expect(read(third)).toBe(learnt[2]);
    expect(read(second)).toBe(learnt[1]);
    expect(read(first)).not.toBe(learnt[0]);
  });
});
