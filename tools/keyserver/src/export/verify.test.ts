import { generateKeyPairSync } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { memorySigner } from '@keyserver/export-file/testing';
import { anArchive, keysDocument, signer } from '../testing/archives.ts';
import { HOUR, simulatedClock, unixMillis } from '@keyserver/time';
import { NOW, aFileWith, inScratch, keyserver } from '../testing/run-cli.ts';
import { type Site, serve, stopServing } from '../testing/serve.ts';

afterEach(stopServing);

function aTooLongFile(): string {
  const path = aFileWith('long.zip', '');
  truncateSync(path, 72 * 1024 * 1024 + 1);
  return path;
}

const BASE = '/exports';
const FIRST = 'v1/1716192000-1716206400-00001.zip';
const SECOND = 'v1/1716206400-1716220800-00001.zip';

const aSite = async (): Promise<Record<string, string | Uint8Array>> => ({
  [`${BASE}/v1/index.txt`]: `${FIRST}\n${SECOND}`,
  [`${BASE}/v1/keys.json`]: keysDocument(),
  [`${BASE}/${FIRST}`]: await anArchive(),
  [`${BASE}/${SECOND}`]: await anArchive({ keys: 5 }),
});

const aPrivateKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

describe('export verify of a file with two signatures', () => {
  const newer = memorySigner();
  const signers = [
    { keyId: '310', keyVersion: 'v2', signer: newer },
    { keyId: '310', keyVersion: 'v1', signer },
  ];
  const OLD = aFileWith('old.pem', signer.pem);
  const NEW = aFileWith('new.pem', newer.pem);
  const verifying = async (...flags: readonly string[]): ReturnType<typeof keyserver> =>
    await keyserver([
      'export',
      'verify',
      aFileWith('rotated.zip', await anArchive({ signers })),
      ...flags,
    ]);

  it('says that the key made the first one', async () => {
    const { code, out } = await verifying('--key', NEW);
    expect(code).toBe(0);
    expect(out).toContain(`rotated.zip: signature 1 of 2 (310 v2) is by ${NEW}\n`);
    expect(out).not.toContain('signature 2');
  });

  it('says that the key made the second one, which phones of Apple do not read', async () => {
    const { code, out } = await verifying('--key', OLD);
    expect(code).toBe(1);
    expect(out).toContain('rotated.zip: unknown_key: the first signature is by a key that');
    expect(out).toContain(
      `signature 2 of 2 (310 v1) is by ${OLD}; of phones that know only this key, those of Apple refuse the file\n`,
    );
  });

  it('says which key made which of both', async () => {
    const { code, out } = await verifying('--key', OLD, '--key', NEW);
    expect(code).toBe(0);
    expect(out).toContain(`signature 1 of 2 (310 v2) is by ${NEW}\n`);
    expect(out).toContain(`signature 2 of 2 (310 v1) is by ${OLD};`);
  });

  it('says the same in JSON', async () => {
    const { out } = await verifying('--key', OLD, '--json');
    expect(JSON.parse(out)).toMatchObject({
      files: [
        {
          signatures: [
            { keyVersion: 'v2', outcome: 'unknown_key' },
            { keyVersion: 'v1', outcome: 'valid', heldIn: OLD },
          ],
        },
      ],
    });
  });

  it('finds that a key made none of them', async () => {
    const { code, out } = await verifying('--key', aFileWith('third.pem', memorySigner().pem));
    expect(code).toBe(1);
    expect(out).toContain('bad_signature: ');
    expect(out).not.toContain(' is by /');
  });
});

describe('export verify of old keys', () => {
  const verifying = async (...flags: string[]): ReturnType<typeof keyserver> => {
    const path = aFileWith('old.zip', await anArchive({ daysBack: 20, keys: 1 }));
    const key = aFileWith('key.pem', signer.pem);
    return await keyserver(['export', 'verify', path, '--key', key, ...flags]);
  };

  it('goes by the age up to which servers take keys unless told otherwise', async () => {
    const { code, out } = await verifying();
    expect(code).toBe(1);
    expect(out).toContain('key_too_old');
  });

  it('goes by the age that this server takes', async () => {
    expect(await verifying('--max-key-age-hours', '480')).toMatchObject({ code: 0, err: '' });
  });

  it.each(['23', '721', '15d', ''])('refuses an age of "%s" hours', async (hours) => {
    const { code, err } = await verifying('--max-key-age-hours', hours);
    expect(code).toBe(2);
    expect(err).toContain('must be a whole number from 24 to 720');
  });
});

describe('export verify of an index', () => {
  it('checks every archive listed with the keys beside the index, and gives a total', async () => {
    const url = await serve(await aSite());
    const { code, out, err } = await keyserver(['export', 'verify', `${url}${BASE}/v1/index.txt`]);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^FILE +REGION +FROM +UNTIL +KEYS +REVISED +VERDICT$/),
      `${FIRST}  US      2024-05-20T08:00:00Z  2024-05-20T12:00:00Z  3     0        ok`,
      `${SECOND}  US      2024-05-20T08:00:00Z  2024-05-20T12:00:00Z  5     0        ok`,
      '2 files, 8 keys, 0 revised keys',
      '',
    ]);
  });

  it('finds the archives of a root of several segments and of a bucket without a path', async () => {
    const url = await serve({
      '/a/b/index.txt': 'a/b/1-2-00001.zip',
      '/a/b/keys.json': keysDocument(),
      '/a/b/1-2-00001.zip': await anArchive(),
    });
    expect(await keyserver(['export', 'verify', `${url}/a/b/index.txt`])).toMatchObject({
      code: 0,
    });
  });

  it('takes an empty index for no files', async () => {
    const url = await serve({ '/v1/index.txt': '' });
    expect(await keyserver(['export', 'verify', `${url}/v1/index.txt`])).toMatchObject({
      code: 0,
      out: '0 files, 0 keys, 0 revised keys\n',
    });
  });

  const later = (hours: number) => ({ clock: simulatedClock(unixMillis(NOW + hours * HOUR)) });

  it('downloads only as many of the newest as were asked for', async () => {
    const missing: Site = { [`${BASE}/${FIRST}`]: (_, response) => response.writeHead(404).end() };
    const url = await serve({ ...(await aSite()), ...missing });
    const index = `${url}${BASE}/v1/index.txt`;
    const ran = await keyserver(['export', 'verify', index, '--newest', '1']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('1 file, 5 keys');
    expect((await keyserver(['export', 'verify', index, '--newest', '2'])).code).toBe(1);
  });

  it.each([
    [1, 0],
    [5, 0],
    [6, 1],
  ])('with a newest file of %d hours, where 5 are the most, ends with %d', async (age, code) => {
    const url = await serve(await aSite());
    const index = `${url}${BASE}/v1/index.txt`;
    const ran = await keyserver(
      ['export', 'verify', index, '--newest', '1', '--max-file-age-hours', '5'],
      later(age),
    );
    expect(ran.code).toBe(code);
    expect(ran.out.includes('too_old: the newest file ended at 2024-05-20T12:00:00Z')).toBe(
      code === 1,
    );
  });

  it('takes an index without files for too old, where an age is asked for', async () => {
    const url = await serve({ '/v1/index.txt': '' });
    const ran = await keyserver([
      ...['export', 'verify', `${url}/v1/index.txt`],
      ...['--max-file-age-hours', '5'],
    ]);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('too_old: no file can be read');
  });

  it.each([
    ['--newest', '0'],
    ['--max-file-age-hours', '721'],
    ['--max-file-age-hours', 'none'],
  ])('refuses %s %s', async (flag, value) => {
    expect((await keyserver(['export', 'verify', 'a.zip', flag, value])).code).toBe(2);
  });

  it('names each violation with its file, and ends with 1', async () => {
    const stranger = await anArchive({ signer: memorySigner() });
    const missing: Site = {
      [`${BASE}/${FIRST}`]: (_, response) => response.writeHead(404).end(),
    };
    const url = await serve({ ...(await aSite()), ...missing, [`${BASE}/${SECOND}`]: stranger });
    const ran = await keyserver(['export', 'verify', `${url}${BASE}/v1/index.txt`]);
    expect(ran.code).toBe(1);
    expect(ran.err).toBe('keyserver: 2 of 2 files must not be used\n');
    expect(ran.out).toContain(`${FIRST}: unavailable: ${url}${BASE}/${FIRST} answered 404\n`);
    expect(ran.out).toContain(`${SECOND}: bad_signature: `);
  });

  it('says the same in JSON', async () => {
    const site = { ...(await aSite()), [`${BASE}/${FIRST}`]: 'no archive' };
    const url = await serve(site);
    const ran = await keyserver(['export', 'verify', `${url}${BASE}/v1/index.txt`, '--json']);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({
      files: [
        {
          file: FIRST,
          violations: [{ rule: 'archive_unreadable', count: 1 }, { rule: 'missing_entry' }],
        },
        { file: SECOND, violations: [], contents: { keys: 5, region: 'US' } },
      ],
      total: { files: 2, keys: 5, revisedKeys: 0 },
    });
  });

  it('does not follow an index out of its own folder', async () => {
    const url = await serve({
      '/v1/index.txt': 'v2/1-2-00001.zip\n1-2-00001.zip',
      '/v1/keys.json': keysDocument(),
      '/v2/1-2-00001.zip': await anArchive(),
    });
    const ran = await keyserver(['export', 'verify', `${url}/v1/index.txt`]);
    expect(ran.code).toBe(1);
    expect(ran.out.match(/unavailable: the index lists it outside its own folder/g)).toHaveLength(
      2,
    );
  });

  it.each([
    ['a page of HTML', { '/v1/index.txt': '<html></html>' }, /is not an export index\n$/],
    ['a missing index', {}, /index\.txt answered 404\n$/],
    [
      'an endless index',
      { '/v1/index.txt': 'x'.repeat(1_048_577) },
      /gives more than 1048576 bytes\n$/,
    ],
    [
      'keys that are none',
      { '/v1/index.txt': 'v1/a.zip', '/v1/a.zip': 'x', '/v1/keys.json': '{}' },
      /keys\.json is not a document of verification keys\n$/,
    ],
  ])('refuses %s in one sentence', async (_, site, sentence) => {
    const url = await serve(site);
    const ran = await keyserver(['export', 'verify', `${url}/v1/index.txt`]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(sentence);
    expect(ran.err.split('\n')).toHaveLength(2);
  });
});

describe('export verify of archives', () => {
  it('checks a file with a PEM, and an address with the keys beside it', async () => {
    const file = aFileWith('one.zip', await anArchive());
    const pem = aFileWith('key.pem', signer.pem);
    expect(await keyserver(['export', 'verify', file, '--key', pem])).toMatchObject({ code: 0 });
    const url = await serve({ '/x/one.zip': await anArchive(), '/x/keys.json': keysDocument() });
    expect(await keyserver(['export', 'verify', `${url}/x/one.zip`])).toMatchObject({ code: 0 });
  });

  it('takes keys from another address', async () => {
    const url = await serve({ '/keys': keysDocument() });
    const file = aFileWith('two.zip', await anArchive());
    const ran = await keyserver(['export', 'verify', file, '--keys-url', `${url}/keys`]);
    expect(ran).toMatchObject({ code: 0 });
  });

  it('finds a false signature with any of several keys', async () => {
    const file = aFileWith('three.zip', await anArchive());
    const other = aFileWith('other.pem', memorySigner().pem);
    const own = aFileWith('own.pem', signer.pem);
    const verify = ['export', 'verify', file, '--key', other];
    expect(await keyserver(verify)).toMatchObject({ code: 1 });
    expect(await keyserver([...verify, '--key', own])).toMatchObject({ code: 0 });
  });

  it('holds archives against a region, in any letter case', async () => {
    const file = aFileWith('four.zip', await anArchive());
    const key = aFileWith('key.pem', signer.pem);
    const verify = ['export', 'verify', file, '--key', key, '--region'];
    expect(await keyserver([...verify, 'us'])).toMatchObject({ code: 0 });
    const ran = await keyserver([...verify, 'CA']);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('wrong_region');
  });

  it('says how often a rule is broken, and shows no times that a file lacks', async () => {
    const file = aFileWith('seven.zip', await anArchive({ keys: 4, period: 0, start: 0, end: 0 }));
    const key = aFileWith('key.pem', signer.pem);
    const { out } = await keyserver(['export', 'verify', file, '--key', key]);
    expect(out).toMatch(/key_period: .* \(4 times\)\n/);
    expect(out).toContain('bad_times');
  });

  it('prints no control characters of a file', async () => {
    const file = aFileWith('five.zip', await anArchive({ region: 'U\u001b[2JS\u202e' }));
    const key = aFileWith('key.pem', signer.pem);
    const { out } = await keyserver(['export', 'verify', file, '--key', key]);
    expect(out).toContain('U?[2JS?');
  });

  it('follows redirects, but not for ever and only to http', async () => {
    const zip = await anArchive();
    const url = await serve({
      '/a.zip': (_, response) => response.writeHead(302, { location: '/b.zip' }).end(),
      '/b.zip': zip,
      '/round.zip': (_, response) => response.writeHead(301, { location: '/round.zip' }).end(),
      '/away.zip': (_, response) => response.writeHead(302, { location: 'file:///etc/x' }).end(),
      '/lost.zip': (_, response) => response.writeHead(302, { location: 'http://[' }).end(),
      '/cut.zip': (request) => request.socket.destroy(),
    });
    const key = aFileWith('key.pem', signer.pem);
    const verify = async (name: string): Promise<string> =>
      (await keyserver(['export', 'verify', `${url}/${name}`, '--key', key])).err;
    expect(await verify('a.zip')).toBe('');
    expect(await verify('round.zip')).toContain('redirects more than 5 times');
    expect(await verify('away.zip')).toContain('not http or https');
    expect(await verify('lost.zip')).toContain('leads to a broken address');
    expect(await verify('cut.zip')).toMatch(/^keyserver: cannot fetch .*\n$/);
  });

  it.each([
    ['no archive', [], /missing required argument/],
    ['a missing file', [inScratch('no.zip')], /cannot read .*no\.zip: no such file\n$/],
    ['a directory', [inScratch('.')], /is not a file\n$/],
    ['another protocol', ['ftp://example.org/x.zip'], /must be an http or https address/],
    ['a password', ['http://a:b@example.org/x.zip'], /without a user or password/],
    ['a file that is too long', [aTooLongFile()], /is longer than 75497472 bytes\n$/],
    ['a folder through a file', [`${aFileWith('plain', '')}/x.zip`], /cannot read .*: ENOTDIR\n$/],
    ['a broken region', ['x', '--region', 'U S'], /must be 1 to 20 letters/],
    ['two kinds of keys', ['x', '--key', 'k', '--keys-url', 'http://x'], /not both\n$/],
    ['a key that is none', ['x', '--key', aFileWith('junk', 'x')], /is not one P-256 public key/],
    [
      'a private key',
      ['x', '--key', aFileWith('private.pem', aPrivateKey())],
      /holds a private key/,
    ],
    [
      'two keys in one file',
      ['x', '--key', aFileWith('both.pem', `${signer.pem}${memorySigner().pem}`)],
      /is not one P-256 public key/,
    ],
    ['a key that is no text', ['x', '--key', aFileWith('b', Buffer.of(0xff))], /is not UTF-8 text/],
    ['an unknown option', ['x', '--kex'], /unknown option '--kex' \(Did you mean --key\?\)\n$/],
  ])('refuses %s in one sentence', async (_, args, sentence) => {
    const ran = await keyserver(['export', 'verify', ...args]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/^keyserver: [^\n]*\n$/);
    expect(ran.err).toMatch(sentence);
  });

  it('says which keys it lacks', async () => {
    const file = aFileWith('six.zip', await anArchive());
    expect(await keyserver(['export', 'verify', file])).toMatchObject({
      code: 2,
      err: `keyserver: no verification keys: cannot read ${inScratch('keys.json')}: no such file; give --key or --keys-url\n`,
    });
  });
});
