import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { putSigningKey } from '../testing/keys.ts';
import { aFileWith, inScratch, keyserver, slowTimers } from '../testing/run-cli.ts';

// Each command opens a store, with a thread of its own.
const manual = readFileSync(
  new URL('../../../../docs/configuration-file.md', import.meta.url),
  'utf8',
);
const example = /```yaml\n([^]*?)```/.exec(manual)?.[1] ?? '';

let directories = 0;
const aPath = (): string => inScratch(`move-${String((directories += 1))}`);

const source = aPath();
const files = aPath();
beforeAll(async () => {
  putSigningKey(source);
  const file = aFileWith('moved.yaml', example);
  await keyserver(['config', 'apply', file, '--yes', '--data-dir', source]);
  await exporting();
});

const exporting = async (to = files, from = source) =>
  await keyserver(['data', 'export', '--data-dir', from, '--to', to]);
const importing = async (into: string, ...more: readonly string[]) =>
  await keyserver(['data', 'import', '--from', files, '--data-dir', into, ...more]);
const verifying = async (store: string, from = files) =>
  await keyserver(['data', 'verify', '--from', from, '--data-dir', store]);
const shown = async (dataDirectory: string): Promise<string> =>
  (await keyserver(['config', 'show'], { dataDirectory })).out;

/** A new data directory that looks keys up as the source does. */
function aTarget(): string {
  const target = aPath();
  mkdirSync(join(target, 'keys'), { recursive: true, mode: 0o700 });
  const secret = 'keys/key-hash.secret';
  copyFileSync(join(source, secret), join(target, secret));
  return target;
}

describe('data export', () => {
  it('says what it wrote, and that it is secret', async () => {
    const ran = await exporting(aPath());
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(/^COLLECTION +DOCUMENTS +BYTES +DIGEST\nauditChain +4 /);
    expect(ran.out).toMatch(/\nexportConfigs +1 +\d+ +[0-9a-f]{64}\n/);
    expect(ran.out).toMatch(/\nExported 9 documents to .*\nThe files hold keys that are NOT PUBL/);
  });

  it('is written down in the audit of the source and of its target, before anything is read', async () => {
    const own = aPath();
    await keyserver([
      'config',
      'apply',
      aFileWith('own.yaml', example),
      '--yes',
      '--data-dir',
      own,
    ]);
    const to = aPath();
    await exporting(to, own);
    const { exportId } = JSON.parse(readFileSync(join(to, 'manifest.json'), 'utf8')) as never;
    const target = aTarget();
    rmSync(join(target, 'keys'), { recursive: true });
    mkdirSync(join(target, 'keys'), { mode: 0o700 });
    copyFileSync(join(own, 'keys/key-hash.secret'), join(target, 'keys/key-hash.secret'));
    await keyserver(['data', 'import', '--from', to, '--data-dir', target]);
    for (const dataDirectory of [own, target]) {
      const options = ['--operation', 'data.export', '--json', '--data-dir', dataDirectory];
      const { out } = await keyserver(['audit', 'show', ...options]);
      expect(out.match(/"data\.export"/g)).toHaveLength(1);
      expect(out).toContain(exportId);
      expect(await keyserver(['audit', 'verify', '--data-dir', dataDirectory])).toMatchObject({
        ...{ code: 0, out: expect.stringContaining('The audit is whole') as string },
      });
    }
  });

  it('warns of the secrecy in its help', async () => {
    for (const command of ['export', 'import']) {
      const { out } = await keyserver(['data', command, '--help']);
      expect(out).toContain('keys that are NOT PUBLISHED YET');
    }
  });

  it('does not write over a finished export', async () => {
    expect(await exporting()).toMatchObject({
      code: 2,
      out: '',
      err: `keyserver: ${files} holds a finished export; choose another directory\n`,
    });
  });

  it('does not make a server up to export it', async () => {
    const nowhere = aPath();
    expect(await exporting(aPath(), nowhere)).toMatchObject({
      code: 2,
      err: `keyserver: ${nowhere} is not the data directory of a server\n`,
    });
  });
});

it('data commands tell on the error stream how far long work is', async () => {
  const [to, target] = [aPath(), aTarget()];
  const timers = slowTimers();
  const run = async (...argv: readonly string[]) => {
    const { code, err } = await keyserver(['data', ...argv], { timers });
    expect({ argv, code }).toEqual({ argv, code: 0 });
    return err;
  };
  const read = /^signingKeys: 1 document read for comparison$/gm;
  const written = /^signingKeys: 1 document written$/m;
  const exported = await run('export', '--data-dir', source, '--to', to);
  expect(exported).toMatch(written);
  expect(exported.match(read)).toHaveLength(2);
  const imported = await run('import', '--data-dir', target, '--from', to);
  expect(imported).toMatch(written);
  expect(imported.match(read)).toHaveLength(3);
  const verified = await run('verify', '--data-dir', target, '--from', to);
  expect(verified).not.toMatch(written);
  expect(verified.match(read)).toHaveLength(2);
});

describe('data import', () => {
  it('gives a new server everything that the old one had', async () => {
    const target = aTarget();
    const ran = await importing(target);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(/\nImported 8 documents into directory .*, and compared them\.\n$/);
    expect(await shown(target)).toBe(await shown(source));
    expect((await verifying(target)).out).toMatch(/ holds all of 8 documents, and no other\.\n$/);
  });

  it('renames buckets', async () => {
    const target = aTarget();
    const [, bucket = ''] = /bucket: (\S+)/.exec(example) ?? [];
    expect(await importing(target, '--bucket', `${bucket}=my-exports`)).toMatchObject({ code: 0 });
    expect(await shown(target)).toContain('bucket: my-exports\n');
    expect(await verifying(target)).toMatchObject({ code: 1 });
    const renamed = ['data', 'verify', '--from', files, '--data-dir', target];
    expect(await keyserver([...renamed, '--bucket', `${bucket}=my-exports`])).toMatchObject({
      code: 0,
    });
  });

  it.each(['exports', 'exports=', '=new', 'exports=NEW'])(
    'refuses as new name of a bucket %s',
    async (text) => {
      const ran = await importing(aPath(), '--bucket', text);
      expect(ran.code).toBe(2);
      expect(ran.err).toMatch(/must be two names of buckets, such as exports=my-exports/);
    },
  );

  it('does nothing the second time', async () => {
    const target = aTarget();
    await importing(target);
    const ran = await importing(target);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(
      /^directory .* took this export at 2024-05-20T.*; nothing was done\.\n$/,
    );
  });

  it('refuses a target with documents of its own', async () => {
    const [target, other] = [aTarget(), aPath()];
    await importing(target);
    await exporting(other);
    const ran = await keyserver(['data', 'import', '--from', other, '--data-dir', target]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(
      /^keyserver: the target already holds documents \(auditChain\)[^\n]*\n$/,
    );
  });

  it('refuses a damaged export in one sentence', async () => {
    const damaged = aPath();
    await exporting(damaged);
    truncateSync(join(damaged, 'signingKeys.records'), 100);
    expect(
      await keyserver(['data', 'import', '--from', damaged, '--data-dir', aTarget()]),
    ).toMatchObject({
      code: 2,
      out: '',
      err: 'keyserver: signingKeys.records is damaged after 0 bytes\n',
    });
  });

  it.each([
    ['32 bytes', Buffer.alloc(32)],
    ['64 hexadecimal digits', `${'0f'.repeat(32)}\n`],
  ])('takes a secret to be checked as %s', async (_, content) => {
    const secret = aFileWith('a.secret', content);
    expect(await importing(aTarget(), '--key-hash-secret', secret)).toMatchObject({ code: 0 });
  });

  it('refuses a target with another secret, also when there are no keys yet', async () => {
    const target = aPath();
    expect(await importing(target)).toMatchObject({
      code: 2,
      out: '',
      err: 'keyserver: the key-hash secret of the target is not the one of the source; copy it first\n',
    });
    expect(await shown(target)).not.toContain('exports:\n  - id');
  });

  it('refuses a secret that is none', async () => {
    const secret = aFileWith('no.secret', 'short');
    expect(await importing(aPath(), '--key-hash-secret', secret)).toMatchObject({
      code: 2,
      err: `keyserver: ${secret} has neither 32 bytes nor 64 hexadecimal digits\n`,
    });
  });
});

describe('data verify', () => {
  it('ends with 1 and names what differs', async () => {
    const target = aTarget();
    await importing(target);
    const file = aFileWith('longer.yaml', example.replace('period: 4h', 'period: 8h'));
    await keyserver(['config', 'apply', file, '--yes'], { dataDirectory: target });
    const ran = await verifying(target);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err.split('\n')).toEqual([
      '  auditChain: 3 documents in the export, 4 in the store',
      '  auditHeads: 1 document in both, with other contents or ids',
      '  exportConfigs: 1 document in both, with other contents or ids',
      expect.stringMatching(/^keyserver: directory .* does not hold what was exported$/),
      '',
    ]);
  });

  it('finds the source unchanged, however often it is asked', async () => {
    const again = aPath();
    await exporting(again);
    expect(await verifying(source, again)).toMatchObject({ code: 0, err: '' });
    expect(await verifying(source, again)).toMatchObject({ code: 0, err: '' });
  });

  it('refuses a directory without an export', async () => {
    const empty = aPath();
    mkdirSync(empty);
    writeFileSync(join(empty, 'note.txt'), '');
    expect(await verifying(source, empty)).toMatchObject({
      code: 2,
      err: `keyserver: ${empty} holds no export\n`,
    });
    rmSync(empty, { recursive: true });
    expect((await verifying(source, empty)).err).toBe(`keyserver: ${empty} does not exist\n`);
  });
});

describe('which store is meant', () => {
  const exportOf = async (...flags: readonly string[]) =>
    await keyserver(['data', 'export', '--to', aPath(), ...flags]);

  it.each([[[]], [['--database', 'other']]])('must be said: %j', async (flags) => {
    expect(await exportOf(...flags)).toMatchObject({
      code: 2,
      err: 'keyserver: name the store: --data-dir, or --project and perhaps --database\n',
    });
  });

  it.each([
    ['--project', 'p'],
    ['--database', 'other'],
    ['--endpoint', '127.0.0.1:1'],
  ])('cannot be a directory and in the cloud: %s', async (...flags) => {
    const ran = await exportOf('--data-dir', source, ...flags);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/^keyserver: [^\n]*cannot be used with[^\n]*--data-dir[^\n]*\n$/);
  });

  it.each(['example.org:80', '127.0.0.1', '127.0.0.1:0', 'http://localhost:1'])(
    'is never reached without credentials on another machine: %s',
    async (endpoint) => {
      const ran = await exportOf('--project', 'p', '--endpoint', endpoint);
      expect(ran.code).toBe(2);
      expect(ran.err).toMatch(/must be a port of this machine/);
    },
  );
});
