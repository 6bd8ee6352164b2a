import { generateKeyPairSync } from 'node:crypto';
import { parseConfiguration } from './parse-configuration.ts';
import { privateKeysIn } from './private-keys.ts';
import { aFile, aPublicKey, anEntry } from './testing/index.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PEM = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const SPELLINGS: readonly [string, string][] = [
  ['PEM', PEM],
  ['PEM of the older form', privateKey.export({ format: 'pem', type: 'sec1' }).toString()],
  ['base64', privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')],
  ['base64 of URLs', privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64url')],
  [
    'base64 of the older form',
    privateKey.export({ format: 'der', type: 'sec1' }).toString('base64'),
  ],
];

describe('a private key', () => {
  it.each(SPELLINGS)('in %s is refused in every text of a file, and not repeated', (_, key) => {
    for (const [section, field] of [
      ['authorities', 'name'],
      ['authorities', 'issuer'],
      ['apps', 'id'],
      ['signingKeys', 'signingKey'],
      ['signingKeys', 'keyId'],
      ['exports', 'filenameRoot'],
    ] as const) {
      const parsed = parseConfiguration(aFile({ [section]: [anEntry(section, { [field]: key })] }));
      expect(parsed).toMatchObject({ kind: 'refused' });
      const text = JSON.stringify(parsed);
      expect(text).toContain(`"path":"${section}[0].${field}","message":"holds a private key`);
      expect(text).not.toContain(key.slice(-40, -20));
    }
  });

  it('is found in lists and groups of any depth', () => {
    const places = privateKeysIn({ a: [{ b: ['x', PEM] }], c: null, d: 7, e: PEM });
    expect(places.map(({ path }) => path)).toEqual(['a[0].b[1]', 'e']);
  });
});

it.each([
  ['a public key', aPublicKey()],
  ['a public key without its frame', aPublicKey().replaceAll(/-----[^-]+-----|\n/g, '')],
  ['the name of a key version', `projects/p/locations/l/keyRings/r/cryptoKeys/${'k'.repeat(60)}`],
  ['a long word', 'MIGH'.repeat(40)],
  ['nothing', ''],
])('%s is none', (_, text) => {
  expect(privateKeysIn(text, 'x')).toEqual([]);
});
