import { tmpdir } from 'node:os';
import { checkDisk, isFull } from './disk-room.ts';

const MIB = 1024 * 1024;
const disk = { bytes: 100_000 * MIB, freeBytes: 50_000 * MIB, files: 1000, freeFiles: 500 };

describe('a disk', () => {
  it.each([
    ['nothing is free', { freeBytes: 0 }],
    ['less than 16 MiB are free', { freeBytes: 16 * MIB - 1 }],
    ['less than a twentieth of a small one is free', { bytes: 20 * MIB, freeBytes: MIB - 1 }],
    ['it can hold no more files', { freeFiles: 0 }],
  ])('counts as full when %s', (_when, of) => {
    expect(isFull({ ...disk, ...of })).toBe(true);
  });

  it.each([
    ['16 MiB are free', { freeBytes: 16 * MIB }],
    ['a twentieth of a small one is free', { bytes: 20 * MIB, freeBytes: MIB }],
    ['it knows no bound on files', { files: 0, freeFiles: 0 }],
  ])('has room when %s', (_when, of) => {
    expect(isFull({ ...disk, ...of })).toBe(false);
  });

  it('is that of the directory, and looking at one that is gone is a fault', async () => {
    await expect(checkDisk(tmpdir())).resolves.toBeUndefined();
    await expect(checkDisk('/no/such/directory')).rejects.toThrow('ENOENT');
  });
});
