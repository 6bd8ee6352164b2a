import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import type { Section } from './configuration.ts';
import { parseConfiguration } from './parse-configuration.ts';
import { aConfiguration, aFile, aPublicKey, anEntry } from './testing/a-file.ts';

const problemsOf = (text: string): readonly string[] => {
  const parsed = parseConfiguration(text);
  return parsed.kind === 'configuration'
    ? []
    : parsed.problems.map(({ path, message }) => `${path} ${message}`.trim());
};

const pathsOf = (text: string): readonly string[] => {
  const parsed = parseConfiguration(text);
  return parsed.kind === 'configuration' ? [] : parsed.problems.map(({ path }) => path);
};

const withField = (section: Section, fields: object): string =>
  aFile({ [section]: [anEntry(section, fields)] });

describe('parseConfiguration', () => {
  it('reads every section into the types of the domain', () => {
    const { authorities, apps, signingKeys, exports } = aConfiguration();
    expect(authorities[0]?.keys[0]).toMatchObject({ version: 'v1', from: 1704067200000 });
    expect(authorities[0]).toMatchObject({ stats: true });
    expect(apps[0]).toEqual({
      id: 'org.example.app',
      regions: ['US'],
      authorities: [1],
      bypassCertificate: false,
      bypassRevisionToken: false,
    });
    expect(signingKeys[0]).toMatchObject({ keyId: '310', thru: undefined });
    expect(exports[0]).toEqual({
      id: 'us',
      bucket: 'exports',
      filenameRoot: 'v1',
      period: 14_400_000,
      outputRegion: 'US',
      inputRegions: [],
      excludeRegions: [],
      includeTravelers: false,
      onlyNonTravelers: false,
      from: 1704067200000,
      thru: undefined,
      signingKeys: ['main'],
      minRecords: 1000,
      paddingRange: 100,
      maxRecords: 500_000,
      padEmpty: false,
    });
  });

  it('reads Norway as a region and not as a no', () => {
    const text = aFile().replace('outputRegion: US', 'outputRegion: NO');
    expect(parseConfiguration(text)).toMatchObject({
      value: { exports: [{ outputRegion: 'NO' }] },
    });
  });

  it('lowers application ids, raises regions and keeps each once', () => {
    const apps = [anEntry('apps', { id: 'Org.Example.APP', regions: ['us', 'CA', 'US'] })];
    expect(aConfiguration({ apps }).apps[0]).toMatchObject({
      id: 'org.example.app',
      regions: ['CA', 'US'],
    });
  });

  it('puts entries and references in order', () => {
    const authorities = [3, 2].map((id) => anEntry('authorities', { id, issuer: String(id) }));
    const apps = ['b', 'a'].map((id) => anEntry('apps', { id, authorities: [3, 2, 3] }));
    const read = aConfiguration({ authorities, apps });
    expect(read.authorities.map(({ id }) => id)).toEqual([2, 3]);
    expect(read.apps).toMatchObject([
      { id: 'a', authorities: [2, 3] },
      { id: 'b', authorities: [2, 3] },
    ]);
  });

  it('stores one spelling of a public key', () => {
    const pem = aPublicKey();
    const spelt = pem.replace(/\n/g, '\r\n');
    const read = (publicKey: string): unknown =>
      aConfiguration({
        authorities: [
          anEntry('authorities', {
            keys: [{ version: 'v1', publicKey, from: '2024-01-01T00:00:00Z' }],
          }),
        ],
      }).authorities;
    expect(read(spelt)).toEqual(read(pem));
  });

  it('gives two aliases of one list their own values', () => {
    const text = aFile({ exports: [] }).replace(
      'exports: []',
      `exports:
  - &one { id: a, bucket: exports, filenameRoot: a, period: 4h, outputRegion: us, from: 2024-01-01T00:00:00Z, inputRegions: &r [us], excludeRegions: *r, signingKeys: [main] }
  - { <<: *one, id: b, filenameRoot: b }`,
    );
    expect(pathsOf(text)).toEqual([
      'exports[1].bucket',
      'exports[1].period',
      'exports[1].outputRegion',
      'exports[1].from',
      'exports[1].signingKeys',
      'exports[1].<<',
    ]);
    expect(pathsOf(text.replace(/ {2}- { <<.*\n/, ''))).toEqual([]);
  });

  it('names every problem of a file with its path', () => {
    const text = aFile({
      apps: [anEntry('apps', { regions: ['U S'], authorities: [7], colour: 'red' })],
      exports: [
        anEntry('exports', { period: '7h', bucket: undefined, signingKeys: ['other'] }),
        anEntry('exports', { id: 'two', signingKeys: ['gone'] }),
      ],
      friends: [],
    });
    expect(problemsOf(text)).toEqual([
      'friends is not a known field',
      'apps[0].colour is not a known field',
      'apps[0].regions[0] must be 1 to 20 of A-Z, 0-9 and -',
      'exports[0].bucket is missing',
      'exports[0].period must be a duration that divides a day, such as 24h, 4h, 15m or 30s',
      'exports[1].signingKeys[0] names signing key gone, which this file lacks',
    ]);
  });

  it('does not blame a reference for the entry that it names', () => {
    const text = aFile({ signingKeys: [anEntry('signingKeys', { keyVersion: 'v 1' })] });
    expect(pathsOf(text)).toEqual(['signingKeys[0].keyVersion']);
  });

  it.each([
    ['nothing', '', 'must be a group of fields'],
    ['a list', '[]', 'must be a group of fields'],
    ['two documents', 'a: 1\n---\nb: 1', /^Source contains multiple documents.* line 2/],
    ['broken YAML', 'apps: [', /at line 1/],
    ['a repeated name', 'apps: []\napps: []', /^Map keys must be unique at line 2/],
    ['an unknown alias', 'apps: *nobody', /alias/],
  ])('refuses %s', (_, text, message) => {
    expect(problemsOf(text)[0]).toMatch(message);
  });

  it('refuses a file that is too long before it reads it', () => {
    expect(problemsOf('#'.repeat(2_000_001))).toEqual([
      'the file is longer than 2000000 characters',
    ]);
  });

  it('says what is wrong itself, and lets nothing of the file go to the terminal', async () => {
    const warnings: string[] = [];
    const note = ({ message }: Error): void => {
      warnings.push(message);
    };
    process.on('warning', note);
    expect(parseConfiguration('? [SECRET]\n: !!unknown 1\n').kind).toBe('refused');
    await new Promise(setImmediate);
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('refuses aliases that multiply', () => {
    const text = ['a: &a [x, x, x, x, x, x, x, x, x, x]', 'b: &b [*a, *a, *a, *a, *a, *a, *a, *a]']
      .concat('c: &c [*b, *b, *b, *b, *b, *b, *b, *b]', 'd: [*c, *c, *c, *c, *c, *c, *c, *c]')
      .join('\n');
    expect(problemsOf(text)).toEqual([
      'the file has an alias without its anchor, or too many aliases',
    ]);
  });

  it.each(['authorities', 'apps', 'signingKeys', 'exports'] as const)(
    'refuses a file without %s, which would otherwise mean to remove them all',
    (section) => {
      expect(problemsOf(aFile({ [section]: undefined }))).toContain(`${section} is missing`);
    },
  );

  it('refuses sections and entries of another shape', () => {
    expect(problemsOf(aFile({ apps: {}, exports: [null, 7] }))).toEqual([
      'apps must be a list',
      'exports[0] must be a group of fields',
      'exports[1] must be a group of fields',
    ]);
  });

  it.each<[Section, object, string]>([
    ['authorities', { issuer: '' }, 'authorities[0].issuer'],
    ['authorities', { issuer: ' x' }, 'authorities[0].issuer'],
    ['authorities', { audience: 'a\nb' }, 'authorities[0].audience'],
    ['authorities', { name: 'x'.repeat(201) }, 'authorities[0].name'],
    ['authorities', { keys: 'none' }, 'authorities[0].keys'],
    ['apps', { id: '' }, 'apps[0].id'],
    ['apps', { id: 'a\nb' }, 'apps[0].id'],
    ['apps', { id: 'a\0' }, 'apps[0].id'],
    ['apps', { id: 'x'.repeat(256) }, 'apps[0].id'],
    ['apps', { id: 'é'.repeat(128) }, 'apps[0].id'],
    ['apps', { regions: [] }, 'apps[0].regions'],
    ['apps', { regions: [7] }, 'apps[0].regions[0]'],
    ['apps', { regions: ['ß'] }, 'apps[0].regions[0]'], // whose upper case is SS
    ['apps', { regions: ['x'.repeat(21)] }, 'apps[0].regions[0]'],
    ['apps', { authorities: ['1'] }, 'apps[0].authorities[0]'],
    ['apps', { authorities: [2] }, 'apps[0].authorities[0]'],
    ['apps', { bypassCertificate: 'yes' }, 'apps[0].bypassCertificate'],
    ['signingKeys', { signingKey: '../secret' }, 'signingKeys[0].signingKey'],
    ['signingKeys', { signingKey: '/etc/key' }, 'signingKeys[0].signingKey'],
    ['authorities', { jwks: '' }, 'authorities[0].jwks'],
    ['authorities', { jwks: 'a.example/jwks.json' }, 'authorities[0].jwks'],
    ['authorities', { jwks: 'http://a.example/jwks.json' }, 'authorities[0].jwks'],
    ['authorities', { jwks: 'http://localhost.a.example/' }, 'authorities[0].jwks'],
    ['authorities', { jwks: 'http://127.0.0.1@a.example/' }, 'authorities[0].jwks'],
    ['authorities', { jwks: 'https://user:secret@a.example/' }, 'authorities[0].jwks'],
    ['authorities', { jwks: 'https://a.example:99999/' }, 'authorities[0].jwks'],
    ['authorities', { jwks: 'https://a.example/#keys' }, 'authorities[0].jwks'],
    ['authorities', { jwks: 'https://a.example/ keys' }, 'authorities[0].jwks'],
    ['authorities', { jwks: `https://a.example/${'x'.repeat(400)}` }, 'authorities[0].jwks'],
    ['authorities', { jwks: 'file:///etc/passwd' }, 'authorities[0].jwks'],
    ['authorities', { jwks: 7 }, 'authorities[0].jwks'],
    ['signingKeys', { keyId: 310 }, 'signingKeys[0].keyId'],
    ['signingKeys', { keyId: '' }, 'signingKeys[0].keyId'],
    ['signingKeys', { keyId: 'mcc 310' }, 'signingKeys[0].keyId'],
    ['signingKeys', { keyId: 'x'.repeat(41) }, 'signingKeys[0].keyId'],
    ['signingKeys', { keyVersion: 'v-1' }, 'signingKeys[0].keyVersion'],
    ['signingKeys', { keyVersion: '' }, 'signingKeys[0].keyVersion'],
    ['signingKeys', { from: '2024-01-01' }, 'signingKeys[0].from'],
    ['signingKeys', { from: '2024-02-30T00:00:00Z' }, 'signingKeys[0].from'],
    ['signingKeys', { from: '2024-01-01T00:00:00+01:00' }, 'signingKeys[0].from'],
    ['signingKeys', { from: '1969-01-01T00:00:00Z' }, 'signingKeys[0].from'],
    ['signingKeys', { thru: '2024-01-01T00:00:00Z' }, 'signingKeys[0].thru'],
    ['exports', { id: 'x'.repeat(41) }, 'exports[0].id'],
    ['exports', { bucket: 'Exports' }, 'exports[0].bucket'],
    ['exports', { bucket: 'ab' }, 'exports[0].bucket'],
    ['exports', { filenameRoot: '/v1' }, 'exports[0].filenameRoot'],
    ['exports', { filenameRoot: 'v1/' }, 'exports[0].filenameRoot'],
    ['exports', { filenameRoot: 'v1/../v2' }, 'exports[0].filenameRoot'],
    ['exports', { filenameRoot: '' }, 'exports[0].filenameRoot'],
    ['exports', { period: '25h' }, 'exports[0].period'],
    ['exports', { period: '48h' }, 'exports[0].period'],
    ['exports', { period: '7m' }, 'exports[0].period'],
    ['exports', { period: '0h' }, 'exports[0].period'],
    ['exports', { period: '04h' }, 'exports[0].period'],
    ['exports', { period: 14400 }, 'exports[0].period'],
    ['exports', { outputRegion: '' }, 'exports[0].outputRegion'],
    ['exports', { inputRegions: ['US', ''] }, 'exports[0].inputRegions[1]'],
    ['exports', { excludeRegions: null }, 'exports[0].excludeRegions'],
    ['exports', { signingKeys: [] }, 'exports[0].signingKeys'],
    ['exports', { thru: '2023-12-31T23:59:59Z' }, 'exports[0].thru'],
    ['exports', { minRecords: -1 }, 'exports[0].minRecords'],
    ['exports', { paddingRange: 0.5 }, 'exports[0].paddingRange'],
    ['exports', { maxRecords: 0 }, 'exports[0].maxRecords'],
    ['exports', { includeTravelers: true, onlyNonTravelers: true }, 'exports[0].onlyNonTravelers'],
  ])('refuses %s with %j', (section, fields, path) => {
    expect(pathsOf(withField(section, fields))).toEqual([path]);
  });

  it.each<[Section, unknown]>([
    ['authorities', 0],
    ['authorities', 1.5],
    ['authorities', '1'],
    ['authorities', 2 ** 31],
    ['signingKeys', 'Main'],
    ['signingKeys', ''],
    ['exports', 'x y'],
  ])('refuses %s with the id %j', (section, id) => {
    const text = aFile({ apps: [], exports: [], [section]: [anEntry(section, { id })] });
    expect(pathsOf(text)).toEqual([`${section}[0].id`]);
  });

  it('refuses more than ten signing keys on one export', () => {
    const ids = Array.from({ length: 11 }, (_, n) => `k${n}`);
    const signingKeys = ids.map((id) => anEntry('signingKeys', { id, keyVersion: id }));
    const text = (count: number): string =>
      aFile({ signingKeys, exports: [anEntry('exports', { signingKeys: ids.slice(0, count) })] });
    expect(problemsOf(text(10))).toEqual([]);
    expect(pathsOf(text(11))).toEqual(['exports[0].signingKeys']);
  });

  it.each([
    ['of another curve', aPublicKey('P-384')],
    [
      'that is private',
      generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
    ],
    ['that is no PEM', 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE'],
  ])('refuses a key %s without repeating it', (_, publicKey) => {
    const keys = [{ version: 'v1', publicKey, from: '2024-01-01T00:00:00Z' }];
    const problems = problemsOf(withField('authorities', { keys }));
    expect(problems.at(-1)).toBe(
      'authorities[0].keys[0].publicKey must be a P-256 public key in PEM (BEGIN PUBLIC KEY)',
    );
  });

  it.each<[Section, object, string]>([
    ['authorities', { issuer: 'other' }, 'authorities[1].id is the same as authorities[0]'],
    ['authorities', { id: 2 }, 'authorities[1].issuer is the same as authorities[0]'],
    ['apps', { id: 'ORG.example.app' }, 'apps[1].id is the same as apps[0]'],
    ['signingKeys', { keyVersion: 'v2' }, 'signingKeys[1].id is the same as signingKeys[0]'],
    [
      'signingKeys',
      { id: 'second' },
      'signingKeys[1].keyVersion with this keyId is the same as in signingKeys[0]',
    ],
    ['exports', { filenameRoot: 'v2' }, 'exports[1].id is the same as exports[0]'],
    [
      'exports',
      { id: 'ca', filenameRoot: 'V1' },
      'exports[1].filenameRoot with this bucket is the same, but for letter case, as in exports[0]',
    ],
  ])('refuses a second entry of %s with %j', (section, fields, problem) => {
    const text = aFile({ [section]: [anEntry(section), anEntry(section, fields)] });
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('refuses two keys of one version at one authority, and allows them at two', () => {
    const key = { version: 'v1', publicKey: aPublicKey(), from: '2024-01-01T00:00:00Z' };
    const other = anEntry('authorities', { id: 2, issuer: 'other', keys: [key] });
    expect(problemsOf(aFile({ authorities: [anEntry('authorities'), other] }))).toEqual([]);
    expect(problemsOf(withField('authorities', { keys: [key, key] }))).toEqual([
      'authorities[0].keys[1].version is the same as authorities[0].keys[0]',
    ]);
  });

  it('allows one filename root in two buckets', () => {
    const exports = [anEntry('exports'), anEntry('exports', { id: 'ca', bucket: 'other' })];
    expect(problemsOf(aFile({ exports }))).toEqual([]);
  });

  it('refuses or reads any text without a fault', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), mutations), (text) => {
        expect(['configuration', 'refused']).toContain(parseConfiguration(text).kind);
      }),
    );
  });
});

const whole = aFile();
const mutations = fc
  .record({ at: fc.nat(whole.length), gone: fc.nat(20), instead: fc.string({ maxLength: 10 }) })
  .map(({ at, gone, instead }) => whole.slice(0, at) + instead + whole.slice(at + gone));
