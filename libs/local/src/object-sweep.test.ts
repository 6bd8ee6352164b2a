import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sweepBelow } from './object-sweep.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keyserver-sweep-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const LATER = 10 * 86_400_000;

describe('the sweep', () => {
  it('touches no file that the object store did not write', async () => {
    await mkdir(join(root, 'exports'));
    await writeFile(join(root, 'exports', 'README'), 'put here by an operator');
    await sweepBelow(root, Date.now() + LATER);
    expect(await readdir(join(root, 'exports'))).toEqual(['README']);
  });

  it('passes a fault on', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(sweepBelow(join(root, 'file'), Date.now())).rejects.toThrow(/ENOTDIR/);
  });

  it('leaves two sweeps at once in peace', async () => {
    for (const name of ['a', 'b', 'c']) {
      await mkdir(join(root, 'exports', name), { recursive: true });
      await writeFile(join(root, 'exports', name, '@orphan.content'), '');
    }
    const now = Date.now() + LATER;
    await Promise.all([sweepBelow(root, now), sweepBelow(root, now), sweepBelow(root, now)]);
    await expect(readdir(join(root, 'exports'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
