import { machine } from '../../../test/support/machine.ts';
import { seededRandom } from '@keyserver/random/testing';
import { simulatedClock, systemClock, unixMillis } from '@keyserver/time';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bucketsOf, openLocalPlatform } from './platform.ts';
import { DataDirectoryFault } from './unusable-data-directory.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keyserver-platform-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const options = { contentType: 'text/plain', cacheControl: 'no-cache', digest: 'd' };

async function* words(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

describe('the platform of one machine', () => {
  it('makes its data directory, and the keys in it, for its owner alone', async () => {
    const dataDirectory = join(root, 'new', 'data');
    const platform = await openLocalPlatform({ ...machine, dataDirectory });
    expect((await stat(dataDirectory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dataDirectory, 'keys'))).mode & 0o777).toBe(0o700);
    expect(platform.keyHashSecret).toHaveLength(32);
    for (const part of ['', '-wal', '-shm'])
      expect((await stat(join(dataDirectory, `keyserver.sqlite${part}`))).mode & 0o777).toBe(0o600);
    await platform.close();
  });

  it('gives every process on one directory the same secret, keys and objects', async () => {
    const [one, two] = await Promise.all([
      openLocalPlatform({ ...machine, dataDirectory: root, random: seededRandom('one') }),
      openLocalPlatform({ ...machine, dataDirectory: root, random: seededRandom('two') }),
    ]);
    expect(one.keyHashSecret).toEqual(two.keyHashSecret);
    const key = await one.createSigningKey('export-1');
    expect(await (await two.findSigner('export-1'))?.publicKey()).toBe(key);
    const [dataKey, aad] = [Buffer.from('data key'), Buffer.from('aad')];
    const wrapped = await one.wrapperFor('tokens').wrap(dataKey, aad);
    expect(await two.wrapperFor('tokens').unwrap(wrapped, aad)).toEqual(dataKey);
    await one
      .openBucket('exports')
      .put('v1/index.txt', words('line'), { headers: options, expected: 'absent' });
    expect(await two.openBucket('exports').find('v1/index.txt')).toMatchObject({ size: 4 });
    expect(await bucketsOf(root).openBucket('exports').find('v1/index.txt')).toMatchObject({
      size: 4,
    });
    await Promise.all([one.close(), two.close()]);
  });

  it('keeps the keys of authorities apart from its own signing keys', async () => {
    const platform = await openLocalPlatform({
      ...machine,
      dataDirectory: root,
      clock: systemClock,
    });
    await platform.createAuthorityKey('dev');
    expect(await platform.findSigner('dev')).toBeUndefined();
    expect((await stat(join(root, 'keys', 'authority', 'dev.pem'))).mode & 0o777).toBe(0o600);
    await platform.close();
  });

  it('tells the time of its clock', async () => {
    const clock = simulatedClock(unixMillis(1_600_000_000_000));
    const platform = await openLocalPlatform({ ...machine, dataDirectory: root, clock });
    expect(await platform.store.now()).toBe(1_600_000_000_000);
    const issuer = await platform.openIssuer('http://127.0.0.1:1');
    const token = await issuer.mint({ audience: 'a', email: 'e' });
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    expect(JSON.parse(payload)).toMatchObject({ iat: 1_600_000_000 });
    await expect(platform.sweepObjects()).resolves.toBeUndefined();
    await platform.close();
  });

  it.each(['file', 'file/below'])('says in a sentence why it cannot use %s', async (path) => {
    await writeFile(join(root, 'file'), '');
    const opened = openLocalPlatform({ ...machine, dataDirectory: join(root, path) });
    await expect(opened).rejects.toThrow(DataDirectoryFault);
    await expect(opened).rejects.toThrow(
      /^The data directory .*file.* cannot be used: .*file.*\.$/,
    );
  });

  it('says so too when it does not know why', async () => {
    const opened = openLocalPlatform({ ...machine, dataDirectory: join(root, '\0') });
    await expect(opened).rejects.toThrow('writing a file there failed.');
  });
});
