import { ConfigFault, loadSettings } from '@keyserver/config';
import { federationServeSettings, issuersOf, tlsFilesOf } from './config.ts';

const settings = (env: Record<string, string> = {}) => loadSettings(federationServeSettings, env);

it('takes partners of Google unless told otherwise', () => {
  expect(issuersOf(settings())).toEqual([
    {
      issuer: 'https://accounts.google.com',
      jwksUrl: 'https://www.googleapis.com/oauth2/v3/certs',
    },
  ]);
});

it('takes issuers whose addresses of keys have an equals sign of their own', () => {
  const FEDERATION_ISSUERS = 'a=https://a.example/keys?v=1,b=http://127.0.0.1:8083/jwks';
  expect(issuersOf(settings({ FEDERATION_ISSUERS }))).toEqual([
    { issuer: 'a', jwksUrl: 'https://a.example/keys?v=1' },
    { issuer: 'b', jwksUrl: 'http://127.0.0.1:8083/jwks' },
  ]);
});

it.each([
  ['an issuer without keys', 'https://a.example'],
  ['keys over plain http of elsewhere', 'a=http://a.example/keys'],
  ['a machine whose name begins like this one', 'a=http://localhost.example/keys'],
  ['keys of nobody', '=https://a.example/keys'],
  ['an issuer twice', 'a=https://a.example/keys,a=https://a.example/keys'],
])('refuses %s', (_what, FEDERATION_ISSUERS) => {
  expect(() => settings({ FEDERATION_ISSUERS })).toThrow(ConfigFault);
});

it('speaks TLS with both files, and not with one', () => {
  expect(tlsFilesOf(settings())).toBeUndefined();
  const both = { TLS_CERT_FILE: 'cert.pem', TLS_KEY_FILE: 'key.pem' };
  expect(tlsFilesOf(settings(both))).toEqual({ certificate: 'cert.pem', key: 'key.pem' });
  for (const name of ['TLS_CERT_FILE', 'TLS_KEY_FILE'] as const)
    expect(() => tlsFilesOf(settings({ ...both, [name]: '' }))).toThrow(ConfigFault);
});
