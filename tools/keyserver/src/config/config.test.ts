import { chmodSync, cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { startKmsStandIn } from '@keyserver/stand-ins/kms';
import { openLocalPlatform } from '@keyserver/local';
import { machine } from '../../../../test/support/machine.ts';
import { padPlans } from '@keyserver/stores';
import { DAY, simulatedClock } from '@keyserver/time';
import { putSigningKey } from '../testing/keys.ts';
import { NOW, aFileWith, inScratch, keyserver } from '../testing/run-cli.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
// Each command opens a store, with a thread of its own.
// The example of the manual, so that what people copy is what is tested.
const manual = readFileSync(
  new URL('../../../../docs/configuration-file.md', import.meta.url),
  'utf8',
);
const example = /```yaml\n([^]*?)```/.exec(manual)?.[1] ?? '';

let directories = 0;
const anEmptyPath = (): string => inScratch(`server-${String((directories += 1))}`);

/** The directory of a server that is not configured yet, with its signing key in place. */
function aDirectory(): string {
  const path = anEmptyPath();
  putSigningKey(path);
  return path;
}

// Applied once and copied, since opening a store takes longer than anything that is tested here.
const original = aDirectory();
beforeAll(async () => {
  const file = aFileWith('server.yaml', example);
  const { code, err } = await keyserver(['config', 'apply', file, '--yes'], {
    dataDirectory: original,
  });
  if (code !== 0) throw new Error(err);
});

const applied = (): string => {
  const dataDirectory = anEmptyPath();
  cpSync(original, dataDirectory, { recursive: true });
  return dataDirectory;
};

/** The same once an export has been cut, so that a day has a plan. */
async function planned(): Promise<string> {
  const dataDirectory = applied();
  const clock = simulatedClock(NOW);
  const platform = await openLocalPlatform({ ...machine, dataDirectory, clock });
  await platform.store.transact((tx) => {
    const expireAt = NOW + 74 * DAY;
    tx.create(padPlans, '2024-05-20T00:00', { exports: [], publishers: [], expireAt });
    return Promise.resolve();
  });
  await platform.close();
  return dataDirectory;
}

/** The example with other times of its export. */
const withTimes = (times: string): string => {
  const [head = '', exports = ''] = example.split('exports:\n');
  return `${head}exports:\n${exports.replace('from: 2024-01-01T00:00:00Z', times)}`;
};

/** The ids of apps that were made for servers of other makes, as they are stored; no document may have three of them. */
const oddIds = ['..', '__doh__', 'a/b', 'dept of health', 'org.example.exposures', 'état'];
const withOddApps = example.replace(
  'apps:\n',
  `apps:\n${['..', '__DOH__', 'A/b', 'Dept Of Health', 'État']
    .map((id) => `  - { id: '${id}', regions: [US], authorities: [1] }\n`)
    .join('')}`,
);
const appsOf = (json: string): unknown =>
  (JSON.parse(json) as { apps: { id: string }[] }).apps.map(({ id }) => id).sort();

describe('the configuration of a server on Google Cloud', () => {
  let firestore: FirestoreStandIn;
  beforeEach(async () => {
    firestore = await startFirestoreStandIn({ now: () => NOW });
  });
  afterEach(async () => {
    await firestore.close();
  });

  it('is applied to and shown from its Firestore database, not that of this machine', async () => {
    const cloud = ['--project', 'demo-project', '--endpoint', firestore.address];
    const file = aFileWith('server.yaml', example);
    const dataDirectory = anEmptyPath();
    const first = await keyserver(['config', 'apply', file, '--yes', ...cloud], { dataDirectory });
    expect(first.out).toMatch(/Applied 4 changes\.\n$/);
    const shown = await keyserver(['config', 'show', ...cloud], { dataDirectory });
    const again = aFileWith('again.yaml', shown.out);
    const second = await keyserver(['config', 'apply', again, ...cloud], { dataDirectory });
    expect(second.out).toBe('No changes: the configuration is as the file says.\n');
    expect(existsSync(dataDirectory)).toBe(false);
  });

  it('has the apps of every store under the same ids', async () => {
    const cloud = ['--project', 'demo-project', '--endpoint', firestore.address];
    const file = aFileWith('odd-apps.yaml', withOddApps);
    const added = await keyserver(['config', 'apply', file, '--yes', ...cloud]);
    expect(added).toMatchObject({ code: 0, err: '' });
    expect(added.out).toContain('+ add apps dept of health\n');
    const shown = await keyserver(['config', 'show', '--json', ...cloud]);
    expect(appsOf(shown.out)).toEqual(oddIds);
    const less = aFileWith('less-apps.yaml', example);
    const ran = await keyserver(['config', 'apply', less, '--yes', ...cloud]);
    expect(ran.out).toMatch(/Applied 5 changes\.\n$/);
  });

  it('is not looked for in two places at once', async () => {
    const both = ['config', 'show', '--project', 'demo-project', '--data-dir', applied()];
    expect(await keyserver(both)).toMatchObject({ code: 2, out: '' });
  });
});

describe('config apply', () => {
  it('shows what it adds and applies it when it is told yes', async () => {
    const dataDirectory = aDirectory();
    const file = aFileWith('server.yaml', example);
    const ran = await keyserver(['config', 'apply', file], { dataDirectory, answer: true });
    expect(ran.code).toBe(0);
    expect(ran.questions).toEqual(['Apply 4 changes?']);
    expect(ran.out).toContain('+ add exports us-ca\n');
    expect(ran.out).toContain('    period: 4h\n');
    expect(ran.out).toMatch(/Applied 4 changes\.\n$/);
  });

  it('finds nothing to do the second time, and does not ask', async () => {
    const dataDirectory = applied();
    const file = aFileWith('server.yaml', example);
    expect(await keyserver(['config', 'apply', file], { dataDirectory })).toMatchObject({
      code: 0,
      out: 'No changes: the configuration is as the file says.\n',
      questions: [],
    });
  });

  it('shows an edit with what was and what will be, and what padding costs with it', async () => {
    const dataDirectory = applied();
    const edited = example
      .replace('period: 4h', 'period: 24h')
      .replace('regions: [US, CA]', 'regions: [US]')
      .replace('excludeRegions: []', 'excludeRegions: [MX]')
      .replace(/ +thru:.*\n/, '');
    const file = aFileWith('edited.yaml', edited);
    const ran = await keyserver(['config', 'apply', file, '--dry-run'], { dataDirectory });
    expect(ran).toMatchObject({ code: 0, questions: [] });
    expect(ran.out.split('\n')).toEqual([
      '~ change authorities 1',
      '    keys.2024-1.thru: 2034-01-01T00:00:00Z -> (gone)',
      '~ change apps org.example.exposures',
      '    regions: CA, US -> US',
      '~ change exports us-ca',
      '    period: 4h -> 24h',
      '    excludeRegions: (empty) -> MX',
      'While few people publish, padding costs about',
      '  export  cells a batch  generated keys a day',
      '  us-ca   1              1050',
      '',
    ]);
  });

  it('says from which midnight a change of exports holds, once days are planned', async () => {
    const dataDirectory = await planned();
    const edited = example
      .replace('period: 4h', 'period: 8h')
      .replace('filenameRoot: us-ca', 'filenameRoot: usca');
    const file = aFileWith('midnight.yaml', edited);
    const ran = await keyserver(['config', 'apply', file, '--dry-run'], { dataDirectory });
    expect(ran.out.split('\n').slice(0, 4)).toEqual([
      '~ change exports us-ca',
      '    filenameRoot: us-ca -> usca (holds from 2024-05-21T00:00:00Z; files of earlier days stay under the old name)',
      '    period: 4h -> 8h (holds from 2024-05-21T00:00:00Z)',
      'Changes of exports hold from 2024-05-21T00:00:00Z; only signingKeys change at once.',
    ]);
    const json = await keyserver(['config', 'apply', file, '--dry-run', '--json'], {
      dataDirectory,
    });
    expect(JSON.parse(json.out)).toMatchObject({
      midnight: '2024-05-21T00:00:00Z',
      costs: [{ export: 'us-ca', cellsPerBatch: 1, keysPerDay: 3150 }],
      moved: [],
    });
  });

  it('says when a time of an export is moved to a midnight, and stores it so', async () => {
    const dataDirectory = aDirectory();
    const times = 'from: 2024-05-01T09:30:00Z\n    thru: 2024-06-01T00:00:01Z';
    const file = aFileWith('times.yaml', withTimes(times));
    const ran = await keyserver(['config', 'apply', file, '--yes'], { dataDirectory });
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain(
      'The from of us-ca is 2024-05-02T00:00:00Z instead of 2024-05-01T09:30:00Z: ',
    );
    expect(ran.out).toContain(
      'The thru of us-ca is 2024-06-02T00:00:00Z instead of 2024-06-01T00:00:01Z: ',
    );
    const shown = await keyserver(['config', 'show'], { dataDirectory });
    expect(shown.out).toContain('from: 2024-05-02T00:00:00Z\n    thru: 2024-06-02T00:00:00Z\n');
  });

  it('lists the moved times for machines, as they were wanted and as they are', async () => {
    const dataDirectory = await planned();
    const file = aFileWith('earlier.yaml', withTimes('from: 2023-01-01T00:00:00Z'));
    const ran = await keyserver(['config', 'apply', file, '--json'], { dataDirectory });
    const [wanted, at] = ['2023-01-01T00:00:00Z', '2024-01-01T00:00:00Z'];
    expect(JSON.parse(ran.out)).toMatchObject({
      changes: [],
      moved: [{ export: 'us-ca', field: 'from', wanted, at }],
    });
  });

  it('changes nothing on a dry run, nor when the answer is no', async () => {
    const dataDirectory = aDirectory();
    const file = aFileWith('server.yaml', example);
    await keyserver(['config', 'apply', file, '--dry-run', '--yes'], { dataDirectory });
    const ran = await keyserver(['config', 'apply', file], { dataDirectory, answer: false });
    expect(ran).toMatchObject({ code: 2, err: 'keyserver: nothing was applied\n' });
    const shown = await keyserver(['config', 'show'], { dataDirectory });
    expect(shown.out).toBe(
      'authorities: []\napps: []\nsigningKeys: []\nexports: []\npartners: []\nqueries: []\n',
    );
  });

  it('refuses when nobody is there to be asked', async () => {
    const dataDirectory = aDirectory();
    const file = aFileWith('server.yaml', example);
    expect(await keyserver(['config', 'apply', file], { dataDirectory })).toMatchObject({
      code: 2,
      err: 'keyserver: nobody is here to be asked; give --yes to apply or --dry-run to look\n',
    });
  });

  it('prints the changes as JSON, and whether they were made', async () => {
    const dataDirectory = aDirectory();
    const file = aFileWith('server.yaml', example);
    const apply = async (...flags: readonly string[]): Promise<unknown> =>
      JSON.parse(
        (await keyserver(['config', 'apply', file, '--json', ...flags], { dataDirectory })).out,
      ) as unknown;
    expect(await apply('--dry-run')).toMatchObject({ applied: false, changes: { length: 4 } });
    expect(await apply('--yes')).toMatchObject({
      applied: true,
      changes: [{ action: 'add' }, {}, {}, {}],
    });
    expect(await apply('--yes')).toEqual({
      ...{ applied: false, changes: [], advice: [] },
      ...{ costs: [], moved: [] },
    });
  });

  it('lists every problem of a file and refuses it', async () => {
    const broken = example
      .replace('period: 4h', 'period: 7h')
      .replace(/keyId: .310./, 'keyId: 310');
    const dataDirectory = aDirectory();
    const file = aFileWith('broken.yaml', broken);
    const ran = await keyserver(['config', 'apply', file, '--yes'], { dataDirectory });
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err.split('\n')).toEqual([
      '  signingKeys[0].keyId must be text (in quotes, if it looks like a number or a word such as true)',
      '  exports[0].period must be a duration that divides a day, such as 24h, 4h, 15m or 30s',
      `keyserver: ${file} is refused: 2 problems`,
      '',
    ]);
  });

  it('refuses a file that is no YAML, with the place', async () => {
    const file = aFileWith('junk.yaml', 'apps: [');
    const ran = await keyserver(['config', 'apply', file, '--yes']);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/^ {2}.* at line 1.*\nkeyserver: .* is refused: 1 problem\n$/);
  });

  it('refuses to drop an export', async () => {
    const dataDirectory = applied();
    const file = aFileWith('less.yaml', example.replace(/exports:[^]*$/, 'exports: []\n'));
    const ran = await keyserver(['config', 'apply', file, '--yes'], { dataDirectory });
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toBe(
      '  exports lacks us-ca, which is stored and cannot be removed; keep it and end it with thru\nkeyserver: this configuration is refused: 1 problem\n',
    );
  });

  it('applies nothing when somebody else did between the question and the answer', async () => {
    const dataDirectory = applied();
    const first = aFileWith('first.yaml', example.replace('period: 4h', 'period: 6h'));
    const second = aFileWith('second.yaml', example.replace('period: 4h', 'period: 8h'));
    const ran = await keyserver(['config', 'apply', first], {
      dataDirectory,
      answer: async () => {
        const other = await keyserver(['config', 'apply', second, '--yes'], { dataDirectory });
        expect(other).toMatchObject({ code: 0, err: '' });
        return true;
      },
    });
    expect(ran).toMatchObject({
      code: 2,
      err: 'keyserver: nothing was applied: the configuration changed meanwhile; look again\n',
    });
    const shown = await keyserver(['config', 'show'], { dataDirectory });
    expect(shown.out).toContain('period: 8h');
  });

  it('says in one sentence that a data directory cannot be used', async () => {
    const dataDirectory = aFileWith('a-file', '');
    const file = aFileWith('server.yaml', example);
    const ran = await keyserver(['config', 'apply', file, '--yes'], { dataDirectory });
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/^keyserver: [^\n]*a-file[^\n]*\n$/);
  });
});

describe('config apply of what a careful operator would not want', () => {
  const hourly = example.replace('period: 4h', 'period: 1h');
  const bare = hourly.replace('minRecords: 1000', 'minRecords: 0');
  const periodOf = async (dataDirectory: string): Promise<string | undefined> =>
    /period: .*/.exec((await keyserver(['config', 'show'], { dataDirectory })).out)?.[0];
  const apply = async (
    text: string,
    flags: readonly string[],
    context: Parameters<typeof keyserver>[1],
  ): ReturnType<typeof keyserver> =>
    await keyserver(['config', 'apply', aFileWith('careless.yaml', text), ...flags], context);

  it('says so in a sentence and asks about each kind', async () => {
    const dataDirectory = applied();
    const ran = await apply(bare, ['--yes'], { dataDirectory, answer: true });
    expect(ran.code).toBe(0);
    expect(ran.out).toContain(
      '! too_many_files: Export us-ca makes up to 24 files a day; a phone takes 15 (iOS) or 20 (Android)',
    );
    expect(ran.questions).toEqual(['Really, with too_many_files?', 'Really, with little_padding?']);
    expect(await periodOf(dataDirectory)).toBe('period: 1h');
  });

  it('applies nothing when the answer is no', async () => {
    const dataDirectory = applied();
    const ran = await apply(hourly, [], { dataDirectory, answer: false });
    expect(ran).toMatchObject({ code: 2, err: 'keyserver: nothing was applied\n' });
    expect(ran.questions).toHaveLength(1);
    expect(await periodOf(dataDirectory)).toBe('period: 4h');
  });

  it('applies nothing where nobody is asked, until each kind is accepted by its name', async () => {
    const dataDirectory = applied();
    expect(await apply(bare, ['--yes'], { dataDirectory })).toMatchObject({
      code: 2,
      err: 'keyserver: nothing was applied; to apply all the same give --yes-really too_many_files --yes-really little_padding\n',
    });
    const one = ['--yes', '--yes-really', 'too_many_files'];
    expect(await apply(bare, one, { dataDirectory })).toMatchObject({ code: 2 });
    expect(await periodOf(dataDirectory)).toBe('period: 4h');
    const both = [...one, '--yes-really', 'little_padding'];
    expect(await apply(bare, both, { dataDirectory })).toMatchObject({ code: 0, err: '' });
    expect(await periodOf(dataDirectory)).toBe('period: 1h');
  });

  it.each([
    ['regions: [US, CA]', 'regions: [US]', 'wider_grant'],
    [
      'authorities: [1]',
      'authorities: [1]\n    bypassCertificate: true',
      'app_without_certificate',
    ],
    ['keyVersion: v1', 'keyVersion: v1\n    thru: 2034-01-01T00:00:00Z', 'last_signing_key_ends'],
  ])('is given before %j can be %j, or the other way round', async (one, other, name) => {
    const [before, after] = name === 'wider_grant' ? [other, one] : [one, other];
    const dataDirectory = applied();
    await apply(example.replace(one, before), ['--yes'], { dataDirectory });
    const changed = example.replace(one, after);
    const refused = await apply(changed, ['--yes'], { dataDirectory });
    expect(refused).toMatchObject({
      ...{ code: 2 },
      err: `keyserver: nothing was applied; to apply all the same give --yes-really ${name}\n`,
    });
    const accepted = await apply(changed, ['--yes', '--yes-really', name], { dataDirectory });
    expect(accepted).toMatchObject({ code: 0, err: '' });
  });

  it('does not take an accepted name for a yes to the changes', async () => {
    const flags = ['--yes-really', 'too_many_files'];
    const ran = await apply(hourly, flags, { dataDirectory: applied() });
    expect(ran).toMatchObject({ code: 2 });
    expect(ran.err).toContain('give --yes to apply');
  });

  it('lists it in JSON, also when nothing is applied for it', async () => {
    const dataDirectory = applied();
    const listed = { name: 'too_many_files', section: 'exports', id: 'us-ca', standing: false };
    const looked = await apply(hourly, ['--json', '--dry-run'], { dataDirectory });
    expect(looked.code).toBe(0);
    expect(JSON.parse(looked.out)).toMatchObject({ applied: false, advice: [listed] });
    const refused = await apply(hourly, ['--json', '--yes'], { dataDirectory });
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.out)).toMatchObject({ applied: false, advice: [listed] });
  });

  it('does not ask again about what is so already', async () => {
    const dataDirectory = applied();
    const accepted = ['--yes', '--yes-really', 'too_many_files'];
    await apply(hourly, accepted, { dataDirectory });
    const same = await apply(hourly, [], { dataDirectory });
    expect(same).toMatchObject({ code: 0, questions: [] });
    expect(same.out).toMatch(/^No changes.*\n! too_many_files \(already so\): /);
    const other = hourly.replace('paddingRange: 100', 'paddingRange: 200');
    expect(await apply(other, ['--yes'], { dataDirectory })).toMatchObject({ code: 0, err: '' });
  });

  it.each(['too_many', '', 'TOO_MANY_FILES'])('knows no advice named "%s"', async (name) => {
    const { code, err } = await apply(example, ['--yes-really', name], {});
    expect(code).toBe(2);
    expect(err).toContain('must be one of app_in_no_export, ');
  });
});

describe('config apply of padding that phones pay for', () => {
  const apply = async (text: string, ...flags: readonly string[]) =>
    await keyserver(['config', 'apply', aFileWith('costly.yaml', text), ...flags], {
      dataDirectory: applied(),
    });

  it('wants a yes of its own above 50,000 generated keys a day', async () => {
    const costly = example.replace('minRecords: 1000', 'minRecords: 10000');
    const ran = await apply(costly, '--yes');
    expect(ran.code).toBe(2);
    expect(ran.out).toContain('  us-ca   1              60300\n! many_generated_keys: ');
    expect(ran.err).toContain('--yes-really many_generated_keys');
    const accepted = await apply(costly, '--yes', '--yes-really', 'many_generated_keys');
    expect(accepted).toMatchObject({ code: 0, err: '' });
  });

  it('refuses a floor that a file cannot hold', async () => {
    const ran = await apply(example.replace('maxRecords: 500000', 'maxRecords: 999'), '--yes');
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(
      'exports pads us-ca to 1000 keys (minRecords), more than a file of us-ca may hold',
    );
  });

  it('says that a floor of 0 turns padding off', async () => {
    const ran = await apply(example.replace('minRecords: 1000', 'minRecords: 0'), '--yes');
    expect(ran.out).toContain(
      '! little_padding: Export us-ca has no padding at all (minRecords 0)',
    );
    expect(ran.code).toBe(2);
  });
});

describe('config apply of a signing key that cannot sign', () => {
  const keyFile = (dataDirectory: string): string =>
    join(dataDirectory, 'keys/signing/export-2024.pem');

  it('says where the key is and what is wrong, and asks', async () => {
    const dataDirectory = anEmptyPath();
    const file = aFileWith('server.yaml', example);
    const ran = await keyserver(['config', 'apply', file], { dataDirectory, answer: false });
    expect(ran.questions).toEqual(['Really, with signing_key_unusable?']);
    expect(ran.out).toContain(
      `! signing_key_unusable: Signing key export-2024 cannot sign: ${keyFile(dataDirectory)} does not exist: `,
    );
    const refused = await keyserver(['config', 'apply', file, '--yes'], { dataDirectory });
    expect(refused).toMatchObject({
      code: 2,
      err: 'keyserver: nothing was applied; to apply all the same give --yes-really signing_key_unusable\n',
    });
  });

  it('says so again, and does not ask, when the key was declared before', async () => {
    const dataDirectory = applied();
    chmodSync(keyFile(dataDirectory), 0o644);
    const file = aFileWith('longer.yaml', example.replace('period: 4h', 'period: 8h'));
    const ran = await keyserver(['config', 'apply', file, '--yes'], { dataDirectory });
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('! signing_key_unusable (already so): ');
    expect(ran.out).toContain('run chmod 600 on it');
  });

  it('says nothing of a key that no export uses any longer', async () => {
    const dataDirectory = applied();
    rmSync(keyFile(dataDirectory));
    const ended = example.replace('period: 4h', 'period: 4h\n    thru: 2024-05-20T00:00:00Z');
    const file = aFileWith('ended.yaml', ended);
    const ran = await keyserver(['config', 'apply', file, '--dry-run'], { dataDirectory });
    expect(ran.code).toBe(0);
    expect(ran.out).not.toContain('signing_key_unusable');
  });

  it('tries key versions of Cloud KMS', async () => {
    const [firestore, kms] = [
      await startFirestoreStandIn({ now: () => NOW }),
      await startKmsStandIn(),
    ];
    try {
      const key = 'projects/demo/locations/europe-west1/keyRings/r/cryptoKeys/exports';
      const version = kms.createSigningKey(key);
      const cloud = ['--project', 'demo-project', '--endpoint', firestore.address];
      const withKms = [...cloud, '--kms-endpoint', kms.address, '--dry-run'];
      const apply = async (name: string) => {
        const text = example.replace('signingKey: export-2024', `signingKey: ${name}`);
        return await keyserver(['config', 'apply', aFileWith('cloud.yaml', text), ...withKms]);
      };
      expect((await apply(version)).out).not.toContain('signing_key_unusable');
      const other = `${key}/cryptoKeyVersions/9`;
      expect((await apply(other)).out).toContain(`cannot sign: ${other} does not exist`);
    } finally {
      await Promise.all([firestore.close(), kms.close()]);
    }
  });
});

describe('config show', () => {
  it('prints a file that changes nothing when it is applied', async () => {
    const dataDirectory = applied();
    const shown = await keyserver(['config', 'show'], { dataDirectory });
    const file = aFileWith('shown.yaml', shown.out);
    const ran = await keyserver(['config', 'apply', file], { dataDirectory });
    expect(ran.out).toMatch(/^No changes/);
  });

  it('prints JSON', async () => {
    const dataDirectory = applied();
    const { out } = await keyserver(['config', 'show', '--json'], { dataDirectory });
    expect(JSON.parse(out)).toMatchObject({
      exports: [{ id: 'us-ca', period: '4h', padEmpty: false }],
    });
  });

  it('does not make a data directory up', async () => {
    const ran = await keyserver(['config', 'show', '--data-dir', inScratch('nowhere')]);
    expect(ran).toMatchObject({
      code: 2,
      err: `keyserver: ${inScratch('nowhere')} is not the data directory of a server\n`,
    });
  });
});
