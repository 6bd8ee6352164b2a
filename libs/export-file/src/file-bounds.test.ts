import {
  MAX_ARCHIVE_BYTES,
  MAX_BATCH_FILES,
  MAX_BIN_BYTES,
  MAX_FILE_RECORDS,
  MAX_SIGNERS,
  MAX_SIG_BYTES,
  PHONE_FILES_A_DAY,
  PHONE_FILE_RECORDS,
} from './file-bounds.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

it('leaves room in an archive for the largest file and its signatures, not compressed', () => {
  expect([MAX_BIN_BYTES, MAX_SIG_BYTES]).toEqual([64 * MIB, 64 * KIB]);
  expect(MAX_ARCHIVE_BYTES).toBe(72 * MIB);
});

it('makes files of no more keys, signatures and number than are read', () => {
  expect([MAX_FILE_RECORDS, MAX_SIGNERS, MAX_BATCH_FILES]).toEqual([1_000_000, 10, 600]);
});

it('knows what the makers of phones have said that they take', () => {
  expect(PHONE_FILES_A_DAY).toEqual({ ios: 15, android: 20 });
  expect(PHONE_FILE_RECORDS).toBe(750_000);
});
