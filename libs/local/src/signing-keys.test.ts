import { seededRandom } from '@keyserver/random/testing';
import { createPublicKey, createVerify, generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyFileFault } from './private-files.ts';
import { type KeyFiles, keyFiles } from './signing-keys.ts';

let directory = '';
let keys: KeyFiles;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-keys-'));
  keys = keyFiles(directory, seededRandom('keys'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const leave = async (): Promise<void> => {
  await Promise.resolve();
};

const makeReadable = async (file: string): Promise<void> => {
  await chmod(file, 0o644);
};

const writeNonsense = async (file: string): Promise<void> => {
  await writeFile(file, 'nonsense');
};

async function writeOtherCurve(file: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** What cannot be read for a reason of its own. */
async function makeDirectory(file: string): Promise<void> {
  await unlink(file);
  await mkdir(file, { mode: 0o700 });
}

describe('signing keys in files', () => {
  it('sign a message that arrives in pieces, as DER over its SHA-256', async () => {
    const publicKey = await keys.create('export-1');
    const signature = (await keys.findSigner('export-1'))!.begin();
    signature.update(Buffer.from('EK Export v1    '));
    signature.update(Buffer.from('body'));
    const verify = createVerify('sha256').update('EK Export v1    body');
    expect(verify.verify(publicKey, await signature.finish())).toBe(true);
  });

  it('sign two messages at once', async () => {
    const publicKey = await keys.create('export-1');
    const signer = (await keys.findSigner('export-1'))!;
    const [one, two] = [signer.begin(), signer.begin()];
    one.update(Buffer.from('one'));
    two.update(Buffer.from('two'));
    const verifies = (text: string, signature: Uint8Array): boolean =>
      createVerify('sha256').update(text).verify(publicKey, signature);
    expect(verifies('one', await one.finish())).toBe(true);
    expect(verifies('two', await two.finish())).toBe(true);
  });

  it('are created once and keep their public half', async () => {
    const first = await keys.create('export-1');
    expect(await keys.create('export-1')).toBe(first);
    expect(await (await keys.findSigner('export-1'))?.publicKey()).toBe(first);
    expect(createPublicKey(first).asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  it('are one key when two callers create it at once', async () => {
    const [a, b] = await Promise.all([keys.create('export-1'), keys.create('export-1')]);
    expect(a).toBe(b);
  });

  it('are unknown when there is no file, and again when it is taken away', async () => {
    expect(await keys.findSigner('export-1')).toBeUndefined();
    await keys.create('export-1');
    await unlink(join(directory, 'export-1.pem'));
    expect(await keys.findSigner('export-1')).toBeUndefined();
  });

  it.each(['', '.', '..', '../other', 'a/b', 'a.pem', 'a b', '-a', 'projects/p/keys/1'])(
    'cannot be named %j',
    async (name) => {
      expect(await keys.findSigner(name)).toBeUndefined();
      await expect(keys.create(name)).rejects.toThrow(RangeError);
    },
  );

  it('are refused when others can read the file', async () => {
    await keys.create('export-1');
    await chmod(join(directory, 'export-1.pem'), 0o644);
    await expect(keys.findSigner('export-1')).rejects.toThrow(KeyFileFault);
  });

  it('are tried out by signing', async () => {
    await keys.create('export-1');
    expect(await keys.trySigner('export-1')).toBeUndefined();
  });

  describe.each<[string, string, (file: string) => Promise<void>]>([
    ['malformed_name', '../export-1', leave],
    ['not_found', 'export-1', unlink],
    ['exposed', 'export-1', makeReadable],
    ['wrong_kind', 'export-1', writeNonsense],
    ['wrong_kind', 'export-1', writeOtherCurve],
    ['failed', 'export-1', makeDirectory],
  ])('that are %s', (problem, name, harm) => {
    it('are found out, with the place and what to do', async () => {
      await keys.create('export-1');
      await harm(join(directory, 'export-1.pem'));
      const found = await keys.trySigner(name);
      expect(found?.problem).toBe(problem);
      expect(found?.place).toContain(directory);
      // The place, what is wrong with it, and after the colon what to do.
      expect(found?.message).toMatch(/^\S*keyserver-keys-\S* [^:]+: [^:]+$/);
    });
  });

  it('are refused when the file holds no private key', async () => {
    await writeFile(join(directory, 'export-1.pem'), 'nonsense', { mode: 0o600 });
    await expect(keys.findSigner('export-1')).rejects.toThrow('export-1.pem cannot be read');
  });

  it.each(['P-384', 'secp256k1'])('are refused on the curve %s', async (namedCurve) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(join(directory, 'export-1.pem'), pem, { mode: 0o600 });
    await expect(keys.findSigner('export-1')).rejects.toThrow('does not hold a P-256 key');
  });
});
