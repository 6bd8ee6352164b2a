import { seededRandom } from '@keyserver/random/testing';
import { systemRandom } from '@keyserver/random';
import { keyWrapperContract } from '@keyserver/revision-token/testing';
import { chmod, mkdtemp, readFile, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyFileFault } from './private-files.ts';
import { wrappingKeys } from './wrapping-keys.ts';

let directory = '';

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'keyserver-wrapping-')), 'wrapping');
});

afterEach(async () => {
  await rm(join(directory, '..'), { recursive: true, force: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const fileOf = (name: string): string => join(directory, `${name}.key`);

keyWrapperContract('a directory of key files', () => {
  const find = wrappingKeys(directory, systemRandom);
  const another = wrappingKeys(directory, systemRandom);
  return Promise.resolve({
    wrapper: find('tokens'),
    again: another('tokens'),
    stranger: find('others'),
  });
});

describe('wrapping keys in files', () => {
  it('are made when they first wrap, for their owner alone', async () => {
    const find = wrappingKeys(directory, seededRandom('keys'));
    const wrapper = find('tokens');
    await expect(stat(directory)).rejects.toMatchObject({ code: 'ENOENT' });
    await wrapper.wrap(bytes('data key'), bytes('aad'));
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(fileOf('tokens'))).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['tokens.key']);
  });

  it('stay what they are when they wrap again', async () => {
    const find = wrappingKeys(directory, seededRandom('keys'));
    await find('tokens').wrap(bytes('one'), bytes('aad'));
    const key = await readFile(fileOf('tokens'));
    await find('tokens').wrap(bytes('two'), bytes('aad'));
    expect(await readFile(fileOf('tokens'))).toEqual(key);
  });

  it('never use a nonce twice', async () => {
    const wrapper = wrappingKeys(directory, seededRandom('keys'))('tokens');
    const nonces = new Set<string>();
    for (let n = 0; n < 20; n++) {
      const wrapped = await wrapper.wrap(bytes('data key'), bytes('aad'));
      nonces.add(Buffer.from(wrapped.subarray(1, 13)).toString('hex'));
    }
    expect(nonces.size).toBe(20);
  });

  it('are missed, not made anew, when something is to be unwrapped', async () => {
    const wrapper = wrappingKeys(directory, seededRandom('keys'))('tokens');
    const wrapped = await wrapper.wrap(bytes('data key'), bytes('aad'));
    await unlink(fileOf('tokens'));
    await expect(wrapper.unwrap(wrapped, bytes('aad'))).rejects.toThrow('tokens.key is missing');
    expect(await readdir(directory)).toEqual([]);
  });

  it.each([0, 16, 31, 33])('are refused with %i bytes', async (length) => {
    const wrapper = wrappingKeys(directory, seededRandom('keys'))('tokens');
    const wrapped = await wrapper.wrap(bytes('data key'), bytes('aad'));
    await writeFile(fileOf('tokens'), Buffer.alloc(length));
    await expect(wrapper.wrap(bytes('data key'), bytes('aad'))).rejects.toThrow('damaged');
    await expect(wrapper.unwrap(wrapped, bytes('aad'))).rejects.toThrow('damaged');
  });

  it('are refused when others can read the file', async () => {
    const wrapper = wrappingKeys(directory, seededRandom('keys'))('tokens');
    const wrapped = await wrapper.wrap(bytes('data key'), bytes('aad'));
    await chmod(fileOf('tokens'), 0o640);
    await expect(wrapper.unwrap(wrapped, bytes('aad'))).rejects.toThrow(KeyFileFault);
  });

  it.each(['', '.', '../other', 'a/b', 'a.key', 'projects/p/locations/l'])(
    'cannot be named %j',
    (name) => {
      expect(() => wrappingKeys(directory, seededRandom('keys'))(name)).toThrow(RangeError);
    },
  );
});
