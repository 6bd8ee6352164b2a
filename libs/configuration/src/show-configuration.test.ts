import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { systemRandom } from '@keyserver/random';
import fc from 'fast-check';
import { applyConfiguration } from './apply-configuration.ts';
import type { WholeConfiguration } from './configuration.ts';
import { parseConfiguration } from './parse-configuration.ts';
import { renderConfiguration, showConfiguration } from './show-configuration.ts';
import { aConfiguration, aPublicKey, anEntry } from './testing/a-file.ts';

afterEach(closeTestStores);

const PERIODS = ['24h', '4h', '90m', '15m', '30s', '1s'];
const TIMES = ['2024-01-01T00:00:00Z', '2030-02-28T23:59:59.999Z', '1970-01-01T00:00:00Z'];
const key = aPublicKey();

const oneOf = (texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const region = oneOf(['NO', 'us', '310', 'ON', 'Y', '1E3', 'NULL', '-']);
const label = fc.stringMatching(/^[!-~]{1,20}( [!-~]{1,20})?$/);

const anAuthority = fc.record({
  name: label,
  issuer: label,
  stats: fc.boolean(),
  jwks: fc.constantFrom(undefined, 'https://a.example/jwks.json?all=1'),
  keys: fc.uniqueArray(
    fc.record({ version: label, publicKey: fc.constant(key), from: oneOf(TIMES) }),
    { selector: ({ version }) => version },
  ),
});
const anExport = fc.record({
  period: oneOf(PERIODS),
  outputRegion: region,
  inputRegions: fc.array(region),
  excludeRegions: fc.array(region),
  includeTravelers: fc.boolean(),
  minRecords: fc.nat(1000),
  thru: fc.constantFrom(undefined, '2038-01-19T03:14:08Z'),
});
const aPartner = fc.record(
  {
    includeRegions: fc.constant(['US', 'CA']),
    excludeRegions: fc.array(region.filter((one) => one !== 'US')),
    includeTravelers: fc.boolean(),
    onlyLocalProvenance: fc.boolean(),
    mode: fc.constantFrom('padded', 'fresh'),
    unit: oneOf(PERIODS),
    minRecords: fc.nat(1000),
    maxPageKeys: fc.integer({ min: 1, max: 10_000 }),
    callsPerMinute: fc.integer({ min: 1, max: 6000 }),
    thru: fc.constantFrom('2038-01-19T03:14:08Z'),
  },
  { requiredKeys: ['includeRegions'] },
);
const anyConfiguration = fc
  .record({
    authority: anAuthority,
    config: anExport,
    app: fc.record(
      {
        regions: fc.array(region, { minLength: 1 }),
        maxKeysPerDay: fc.integer({ min: 1, max: 1e9 }),
      },
      { requiredKeys: ['regions'] },
    ),
    partner: aPartner,
  })
  .map(({ authority, config, app, partner }): WholeConfiguration =>
    aConfiguration({
      authorities: [anEntry('authorities', authority)],
      apps: [anEntry('apps', app)],
      exports: [anEntry('exports', config)],
      partners: [anEntry('partners', partner)],
    }),
  );

describe('showConfiguration', () => {
  it('shows a file that reads as the same configuration', () => {
    fc.assert(
      fc.property(anyConfiguration, (configuration) => {
        expect(parseConfiguration(renderConfiguration(configuration))).toEqual({
          kind: 'configuration',
          value: configuration,
        });
      }),
    );
  });

  it('shows what was applied, and applying that changes nothing', async () => {
    const store = await openTestStore();
    await applyConfiguration(store, aConfiguration(), { actor: 'alex', random: systemRandom });
    const shown = parseConfiguration(await showConfiguration(store));
    expect(shown).toEqual({ kind: 'configuration', value: aConfiguration() });
  });

  it('shows an empty store as a file with empty lists', async () => {
    expect(await showConfiguration(await openTestStore())).toBe(
      'authorities: []\napps: []\nsigningKeys: []\nexports: []\npartners: []\nqueries: []\n',
    );
  });
});
