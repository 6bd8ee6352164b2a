import { type UnixMillis, unixMillis } from '@keyserver/time';
import type { ChangeAdvice } from './advice.ts';
import { adviseOnChange } from './advise.ts';
import type { Section } from './configuration.ts';
import { aConfiguration, aPublicKey, anEntry } from './testing/a-file.ts';
import { wholeOf } from './usual-units.ts';

const time = (text: string): UnixMillis => unixMillis(Date.parse(`${text}T00:00:00Z`));
const NOW = time('2024-05-01');
const NOTHING = wholeOf({ authorities: [], apps: [], signingKeys: [], exports: [] });

/** Advice on a configuration that is the first of its store, as `name entry: sentence`. */
const said = (sections: Partial<Record<Section, unknown>> = {}, now = NOW): readonly string[] =>
  adviseOnChange(NOTHING, aConfiguration(sections), { now, midnight: undefined }).map(
    ({ name, section, id, message }) => `${name} ${section} ${id}: ${message}`,
  );
const names = (...args: Parameters<typeof said>): readonly string[] =>
  said(...args).map((line) => line.replace(/ .*/, ''));
const exported = (...fields: readonly object[]): Partial<Record<Section, unknown>> => ({
  exports: fields.map((one, n) =>
    anEntry('exports', { id: `e${String(n)}`, filenameRoot: `v${String(n)}`, ...one }),
  ),
});
const publicKey = aPublicKey();

it('has nothing against a usual configuration', () => {
  expect(said()).toEqual([]);
});

describe('an app', () => {
  const app = (fields: object): Partial<Record<Section, unknown>> => ({
    apps: [anEntry('apps', fields)],
  });

  it('is advised against when no export takes its keys', () => {
    expect(said(app({ regions: ['CA', 'MX'] }))).toEqual([
      'app_in_no_export apps org.example.app: No export takes the keys of app org.example.app (regions CA, MX): phones never see them.',
    ]);
  });

  it.each([
    ['an export that names its region', [{ outputRegion: 'CA' }]],
    ['an export of several regions', [{ inputRegions: ['US', 'CA'] }]],
    ['the second of two exports', [{}, { outputRegion: 'CA' }]],
    ['an export that ends later', [{ outputRegion: 'CA', thru: '2024-06-01T00:00:00Z' }]],
  ])('is fine with %s', (_, exports) => {
    expect(names({ ...app({ regions: ['CA'] }), ...exported(...exports) })).toEqual([]);
  });

  it.each([
    ['takes travelers of any region', { includeTravelers: true }],
    ['has ended', { outputRegion: 'CA', thru: '2024-05-01T00:00:00Z' }],
    ['excludes one of its regions', { inputRegions: ['CA'], excludeRegions: ['MX'] }],
  ])('is advised against when the only export %s', (_, fields) => {
    expect(names({ ...app({ regions: ['CA', 'MX'] }), ...exported(fields) })).toEqual([
      'app_in_no_export',
    ]);
  });

  it('is advised against when its export is yet to begin', () => {
    expect(said(exported({ from: '2024-06-01T00:00:00Z' }))).toEqual([
      'app_in_no_export apps org.example.app: No export takes the keys of app org.example.app (regions US) before 2024-06-01T00:00:00Z: what is uploaded until then is in no file.',
    ]);
  });

  it('is advised against when nobody can use it, or anybody', () => {
    expect(names(app({ authorities: [] }))).toEqual(['app_without_authority']);
    expect(names(app({ bypassCertificate: true }))).toEqual(['app_without_certificate']);
    expect(names(app({ authorities: [], bypassCertificate: true }))).toEqual([
      'app_without_certificate',
    ]);
  });
});

describe('the files of an export', () => {
  it.each([
    ['24h', 0],
    ['2h', 0],
    ['1h', 1],
    ['15m', 1],
  ])('of %s a batch are too many: %i', (period, times) => {
    expect(names(exported({ period, minRecords: 100 }))).toEqual(
      Array(times).fill('too_many_files'),
    );
  });

  it('says how many there are and how many phones take', () => {
    expect(said(exported({ period: '1h' }))).toEqual([
      'too_many_files exports e0: Export e0 makes up to 24 files a day; a phone takes 15 (iOS) or 20 (Android) and falls behind: choose a longer period or a larger maxRecords.',
    ]);
  });

  it('may hold more generated keys a day than phones should download', () => {
    expect(said(exported({ minRecords: 10_000 }))).toEqual([
      'many_generated_keys exports e0: Export e0 may hold up to 60300 generated keys a day (1 cells a batch), which every phone downloads: choose a longer period, a smaller minRecords, or fewer exports and partners that overlap.',
    ]);
  });

  it.each([
    [500_000, 0],
    [516_129, 0],
    [516_130, 1],
    [750_001, 1],
    [1_000_000, 1],
  ])('of %i keys are too large: %i', (maxRecords, times) => {
    expect(names(exported({ maxRecords }))).toEqual(Array(times).fill('files_too_large'));
  });

  it('says how large they are', () => {
    expect(said(exported({ maxRecords: 1_000_000 }))).toEqual([
      'files_too_large exports e0: A full file of export e0 has 1000000 keys in about 31 MB; phones should not be given more than 750000 keys or 16 MB: choose a smaller maxRecords.',
    ]);
  });

  it.each([
    [{ minRecords: 0 }, ['little_padding']],
    [{ minRecords: 0, paddingRange: 0 }, ['little_padding']],
    [{ minRecords: 99 }, ['little_padding']],
    [{ minRecords: 100 }, []],
    [{ paddingRange: 0 }, ['constant_padding']],
  ])('are padded as %j says: %j', (fields, expected) => {
    expect(names(exported(fields))).toEqual(expected);
  });

  it('are of no interest once the export has ended', () => {
    const over = { period: '15m', minRecords: 0, maxRecords: 1_000_000 };
    expect(names(exported({}, { ...over, thru: '2024-05-01T00:00:00Z' }))).toEqual([]);
  });
});

describe('the signing keys of an export', () => {
  const signed = (...spans: readonly object[]): Partial<Record<Section, unknown>> => ({
    signingKeys: spans.map((span, n) =>
      anEntry('signingKeys', { id: `k${String(n)}`, keyVersion: `v${String(n)}`, ...span }),
    ),
    ...exported({ signingKeys: spans.map((_, n) => `k${String(n)}`) }),
  });
  const span = (from: string, thru?: string): object => ({
    from: `${from}T00:00:00Z`,
    ...(thru === undefined ? {} : { thru: `${thru}T00:00:00Z` }),
  });

  it.each([
    ['one has ended', [span('2024-01-01', '2024-05-01')]],
    ['one is yet to begin', [span('2024-05-02')]],
  ])('are missed when the only %s', (_, spans) => {
    expect(names(signed(...spans))).toEqual(['no_signing_key']);
  });

  it('are said to be missing for how long', () => {
    expect(said(signed(span('2024-05-02')))).toEqual([
      'no_signing_key exports e0: No signing key of export e0 is in force: no file is made until 2024-05-02T00:00:00Z.',
    ]);
    expect(said(signed(span('2024-01-01', '2024-02-01')))).toEqual([
      'no_signing_key exports e0: No signing key of export e0 is in force: no file is made.',
    ]);
  });

  it('leave a gap when one ends before its successor begins', () => {
    expect(said(signed(span('2024-01-01', '2025-01-01'), span('2025-01-02')))).toEqual([
      'signing_gap exports e0: The last signing key of export e0 ends before its successor begins: no file is made from 2025-01-01T00:00:00Z until 2025-01-02T00:00:00Z.',
    ]);
  });

  it.each([
    ['begins as the other ends', [span('2024-01-01', '2025-01-01'), span('2025-01-01')]],
    ['overlaps the other', [span('2024-01-01', '2025-02-01'), span('2025-01-01')]],
    [
      'bridges two others',
      [span('2024-01-01', '2025-01-01'), span('2025-02-01'), span('2024-12-01', '2025-03-01')],
    ],
    ['ends far ahead', [span('2024-01-01', '2024-06-01')]],
  ])('are fine when one %s', (_, spans) => {
    expect(names(signed(...spans))).toEqual([]);
  });

  it('are advised on when the last ends within four weeks', () => {
    expect(said(signed(span('2024-01-01', '2024-05-28')))).toEqual([
      'signing_key_ends_soon exports e0: The last signing key of export e0 ends soon: no file is made from 2024-05-28T00:00:00Z on.',
    ]);
  });

  it('are needed only while the export lasts', () => {
    const keys = signed(span('2024-05-10', '2024-05-20'));
    const exports = [
      anEntry('exports', {
        signingKeys: ['k0'],
        from: '2024-05-10T00:00:00Z',
        thru: '2024-05-20T00:00:00Z',
      }),
    ];
    expect(names({ ...keys, exports })).toEqual(['app_in_no_export']);
  });

  it('are missed from the begin of an export on', () => {
    const exports = [anEntry('exports', { signingKeys: ['k0'], from: '2024-05-10T00:00:00Z' })];
    expect(said({ ...signed(span('2024-05-11')), exports }).at(-1)).toBe(
      'no_signing_key exports us: No signing key of export us is in force when it begins: no file is made from 2024-05-10T00:00:00Z until 2024-05-11T00:00:00Z.',
    );
  });
});

describe('the keys of an authority', () => {
  const trusted = (...keys: readonly object[]): Partial<Record<Section, unknown>> => ({
    authorities: [
      anEntry('authorities', {
        keys: keys.map((key, n) => ({ version: `v${String(n)}`, publicKey, ...key })),
      }),
    ],
  });
  const OLD = { from: '2023-01-01T00:00:00Z', thru: '2024-04-01T00:00:00Z' };

  it.each([
    ['has none', []],
    ['has one that has ended', [OLD]],
    ['has one that is yet to begin', [{ from: '2024-06-01T00:00:00Z' }]],
  ])('are missed when it %s', (_, keys) => {
    expect(names(trusted(...keys))).toEqual(['no_authority_key']);
  });

  it('are said to be missing, and what comes of it', () => {
    expect(said(trusted(OLD))).toEqual([
      'no_authority_key authorities 1: No key of authority 1 (Authority of Example) is in force: its certificates are refused.',
    ]);
  });

  it('are not missed where they are learned from what it serves', () => {
    const serving = { keys: [], jwks: 'https://a.example/jwks.json' };
    expect(names({ authorities: [anEntry('authorities', serving)] })).toEqual([]);
  });

  it('may have ended when another is in force', () => {
    expect(names(trusted(OLD, { from: '2024-03-01T00:00:00Z' }))).toEqual([]);
  });

  it('are advised on when they leave a gap, or end soon', () => {
    const ending = (thru: string): object => ({ from: '2024-01-01T00:00:00Z', thru });
    const later = { from: '2025-02-01T00:00:00Z' };
    expect(names(trusted(ending('2025-01-01T00:00:00Z'), later))).toEqual(['authority_key_gap']);
    expect(names(trusted(ending('2024-05-10T00:00:00Z')))).toEqual(['authority_key_ends_soon']);
  });

  it('are of no interest while no app uses the authority', () => {
    const second = anEntry('authorities', { id: 2, issuer: 'https://other.example', keys: [] });
    expect(names({ authorities: [anEntry('authorities'), second] })).toEqual([]);
  });
});

describe('a change', () => {
  const change = (
    before: Partial<Record<Section, unknown>>,
    after: Partial<Record<Section, unknown>>,
  ): readonly ChangeAdvice[] =>
    adviseOnChange(aConfiguration(before), aConfiguration(after), {
      now: NOW,
      midnight: undefined,
    });
  const hourly = exported({ period: '1h' });

  it('brings advice only if it was not so before', () => {
    expect(change({}, hourly)).toMatchObject([{ name: 'too_many_files', standing: false }]);
    expect(change(hourly, hourly)).toMatchObject([{ name: 'too_many_files', standing: true }]);
    expect(change(hourly, {})).toEqual([]);
  });

  it('brings it anew when it is worse than before', () => {
    expect(change(hourly, exported({ period: '15m', minRecords: 100 }))).toMatchObject([
      { name: 'too_many_files', standing: false },
    ]);
  });

  it('brings it anew for another entry', () => {
    expect(change(hourly, exported({ period: '1h' }, { period: '1h' }))).toMatchObject([
      { id: 'e0', standing: true },
      { id: 'e1', standing: false },
    ]);
  });

  const key = (id: string, fields: object): object => anEntry('signingKeys', { id, ...fields });
  const signedBy = (...keys: readonly object[]): Partial<Record<Section, unknown>> => ({
    signingKeys: keys,
    exports: [
      anEntry('exports', { signingKeys: keys.map((one) => Reflect.get(one, 'id') as string) }),
    ],
  });
  const old = key('old', {});
  const next = (from: string): object =>
    key('new', { signingKey: 'export-2', keyVersion: 'v2', from: `${from}T00:00:00Z` });

  it.each([
    ['at once', '2024-04-30'],
    ['in less than two weeks', '2024-05-14'],
  ])('to a key that signs first %s is advised against', (_, from) => {
    expect(change(signedBy(old), signedBy(old, next(from)))).toMatchObject([
      { name: 'new_key_signs_soon', section: 'exports', id: 'us', standing: false },
    ]);
  });

  it('to a key that signs first in a month is fine, and so is ending the old one then', () => {
    const both = signedBy(old, next('2024-06-01'));
    expect(change(signedBy(old), both)).toEqual([]);
    const ended = signedBy(key('old', { thru: '2024-08-01T00:00:00Z' }), next('2024-06-01'));
    expect(change(both, ended)).toEqual([]);
  });

  it('that lets a known key sign sooner is advised against, later is fine', () => {
    const [soon, late] = [signedBy(old, next('2024-05-02')), signedBy(old, next('2024-07-01'))];
    expect(change(late, soon)).toMatchObject([{ name: 'new_key_signs_soon' }]);
    expect(change(soon, late)).toEqual([]);
  });

  it.each([
    ['private key', { signingKey: 'export-9' }],
    ['keyId', { keyId: '311' }],
    ['keyVersion', { keyVersion: 'v9' }],
  ])('of the %s of the first signer is advised against', (_, changed) => {
    expect(change(signedBy(old), signedBy(key('old', changed)))).toMatchObject([
      { name: 'new_key_signs_soon' },
    ]);
  });

  it('to a key of an export that nobody could read so far is fine', () => {
    const ended = key('old', { thru: '2024-04-01T00:00:00Z' });
    expect(change(signedBy(ended), signedBy(ended, next('2024-04-30')))).toEqual([]);
    expect(change(NOTHING_SIGNED, signedBy(next('2024-04-30')))).toEqual([]);
  });

  const NOTHING_SIGNED = { apps: [], signingKeys: [], exports: [] };

  it.each([
    ['soon', { thru: '2024-05-20T00:00:00Z' }, 'signing_key_ends_soon'],
    ['late', { thru: '2034-01-01T00:00:00Z' }, 'last_signing_key_ends'],
    ['at once', { thru: '2024-05-01T00:00:00Z' }, 'no_signing_key'],
  ])('that ends the last signing key %s is advised against', (_, end, name) => {
    expect(change(signedBy(old), signedBy(key('old', end)))).toMatchObject([
      { name, section: 'exports', id: 'us', standing: false },
    ]);
  });

  it('that ends a signing key is fine beside another, behind the export, or where there was an end', () => {
    const end = { thru: '2034-01-01T00:00:00Z' };
    const ended = key('old', end);
    const both = signedBy(old, next('2024-06-01'));
    expect(change(both, signedBy(ended, next('2024-06-01')))).toEqual([]);
    const over = { ...signedBy(ended), ...exported({ id: 'us', signingKeys: ['old'], ...end }) };
    expect(change(signedBy(old), over)).toEqual([]);
    const sooner = key('old', { thru: '2033-01-01T00:00:00Z' });
    expect(change(signedBy(ended), signedBy(sooner))).toEqual([]);
  });

  const apps = (fields: object) => ({
    ...exported({ inputRegions: ['US', 'CA'] }),
    authorities: [
      anEntry('authorities'),
      anEntry('authorities', { id: 2, issuer: 'https://other.example' }),
    ],
    apps: [anEntry('apps', fields)],
  });

  it.each<[string, object, object, string]>([
    ['a region', { regions: ['US'] }, { regions: ['US', 'CA'] }, 'region CA'],
    ['an authority', { authorities: [1] }, { authorities: [1, 2] }, 'authority 2'],
    [
      'others instead',
      { regions: ['CA'] },
      { regions: ['US'], authorities: [2] },
      'region US, authority 2',
    ],
  ])('that lets an app publish for more, %s, is advised against', (_, before, after, more) => {
    expect(change(apps(before), apps(after))).toMatchObject([
      {
        ...{ name: 'wider_grant', section: 'apps', id: 'org.example.app', standing: false },
        message: `App org.example.app may publish keys for more than before: ${more}.`,
      },
    ]);
  });

  it('that takes something from an app, or adds one, is fine', () => {
    const wide = { regions: ['US', 'CA'], authorities: [1, 2] };
    expect(change(apps(wide), apps({}))).toEqual([]);
    expect(change({ ...apps({}), apps: [] }, apps(wide))).toEqual([]);
  });

  it.each([
    ['bypassCertificate', 'app_without_certificate'],
    ['bypassRevisionToken', 'app_without_revision_token'],
  ])('that lets an app go without what %s leaves out is advised against, once', (flag, name) => {
    const bypassing = { apps: [anEntry('apps', { [flag]: true })] };
    expect(change({}, bypassing)).toMatchObject([{ name, section: 'apps', standing: false }]);
    expect(change(bypassing, bypassing)).toMatchObject([{ name, standing: true }]);
    expect(change(bypassing, {})).toEqual([]);
  });

  it('that shows statistics to an authority is advised against, and the reverse is fine', () => {
    const stats = (shown: boolean) => ({ authorities: [anEntry('authorities', { stats: shown })] });
    expect(change(stats(false), stats(true))).toMatchObject([
      { name: 'wider_grant', section: 'authorities', id: '1', standing: false },
    ]);
    expect(change(stats(true), stats(false))).toEqual([]);
  });
});
