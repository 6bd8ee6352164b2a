import { MAX_ARCHIVE_BYTES, MAX_BIN_BYTES, MAX_SIG_BYTES } from './file-bounds.ts';

it('leaves room in an archive for the largest file and its signatures, not compressed', () => {
  expect(MAX_BIN_BYTES + MAX_SIG_BYTES).toBeLessThan(MAX_ARCHIVE_BYTES);
});
