import { parseConfiguration } from '@keyserver/configuration';
import { parse } from 'yaml';
import { aFileWith, keyserver } from '../testing/run-cli.ts';

const PEM = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWCK+i3/7K773x3Zu1mAbIeIPXUox
3djpSPt+3athO/Yz6Do/N+iNAQR/9JL4HUvn7IvZ4MttWOZbqZPQ7KtUdQ==
-----END PUBLIC KEY-----
`;
const KEY = 'projects/p/locations/us/keyRings/export-signing/cryptoKeys/signer/cryptoKeyVersions/';

/** A dump as PostgreSQL writes it: null where nothing is, and times with an offset. */
const aDump = () => ({
  healthauthority: [
    {
      ...{ id: 7, iss: 'https://v.example.org', aud: 'keys.example.org', name: 'Authority' },
      ...{ jwks_uri: null, enable_stats_api: true },
    },
  ],
  healthauthoritykey: [
    {
      ...{ health_authority_id: 7, version: 'v1', public_key: PEM, thru_timestamp: null },
      from_timestamp: '2020-08-01T02:00:00.123456+02:00',
    },
  ],
  authorizedapp: [
    {
      ...{ app_package_name: 'org.example.app', allowed_regions: ['US'] },
      ...{ allowed_health_authority_ids: [7], bypass_revision_token: false },
      bypass_health_authority_verification: false,
    },
  ],
  signatureinfo: [1, 2].map((id) => ({
    ...{ id, signing_key: KEY + String(id), signing_key_version: `v${String(id)}` },
    ...{ signing_key_id: '310', thru_timestamp: id === 1 ? '2021-01-01T00:00:00+00:00' : null },
  })),
  exportconfig: [
    {
      ...{ config_id: 3, bucket_name: 'exports', filename_root: 'us', period_seconds: 14_400 },
      ...{ output_region: 'US', input_regions: ['US'], exclude_regions: null },
      ...{ include_travelers: true, only_non_travelers: false, max_records_override: null },
      ...{ from_timestamp: '2020-08-01T00:00:00+00:00', thru_timestamp: null },
      signature_info_ids: [1, 2],
    },
  ],
  federationoutauthorization: [] as object[],
  federationinquery: [] as object[],
});

const translated = async (dump: unknown) =>
  await keyserver([
    ...['config', 'import-reference'],
    aFileWith('dump.json', typeof dump === 'string' ? dump : JSON.stringify(dump)),
  ]);

describe('config import-reference', () => {
  it('prints a file that config apply takes', async () => {
    const { code, out, err } = await translated(aDump());
    expect([code, err]).toEqual([0, '  note: signing key 1 has ended and is left out\n']);
    expect(parseConfiguration(out)).toMatchObject({ kind: 'configuration' });
    expect(parse(out)).toMatchObject({
      authorities: [{ id: 7, keys: [{ version: 'v1', from: '2020-08-01T00:00:00Z' }] }],
      signingKeys: [{ signingKey: `${KEY}2`, keyId: '310', keyVersion: 'v2' }],
      exports: [{ id: 'reference-3', period: '14400s', signingKeys: ['reference-2'] }],
    });
  });

  it('says what an operator must decide', async () => {
    const dump = aDump();
    dump.signatureinfo[1]!.signing_key = 'projects/p/cryptoKeys/signer';
    const regions = { include_regions: ['US'], exclude_regions: [], only_local_provenance: true };
    const who = { oidc_audience: 'https://keys.example.org/federation', only_travelers: true };
    dump.federationoutauthorization = [
      { ...regions, ...who, oidc_issuer: 'https://accounts.google.com', oidc_subject: '1' },
    ];
    dump.federationinquery = [{ ...regions, ...who, query_id: 'a_b', server_addr: 'keys.example' }];
    const { code, err, out } = await translated(dump);
    expect([code, parse(out)]).toMatchObject([0, { queries: [{ id: 'a-b' }] }]);
    for (const said of ['cryptoKeyVersions', 'travelers alone', 'partner: reference'])
      expect(err).toContain(said);
  });

  it('prints what must be mended, names the places, and ends with 1', async () => {
    const dump = aDump();
    dump.exportconfig[0]!.period_seconds = 7;
    const { code, out, err } = await translated(dump);
    expect([code, parse(out)]).toMatchObject([1, { exports: [{ period: '7s' }] }]);
    expect(err).toContain('exports[0].period');
  });

  it.each([
    ['no JSON', 'COPY authorizedapp', 'JSON object of tables'],
    ['a list', [], 'JSON object of tables'],
    ['another table', { exposure: [] }, 'something else than authorizedapp'],
    ['a table that is none', { authorizedapp: {} }, 'authorizedapp must be a list of rows'],
    ['a row that is none', { signatureinfo: [1] }, 'signatureinfo must be a list of rows'],
  ])('refuses %s', async (_, dump, said) => {
    const { code, out, err } = await translated(dump);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(said);
  });
});
