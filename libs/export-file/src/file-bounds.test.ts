import { MAX_KEY_FIELD } from './encode-key.ts';
import {
  MAX_ARCHIVE_BYTES,
  MAX_BIN_BYTES,
  MAX_FILE_RECORDS,
  MAX_SIG_BYTES,
} from './file-bounds.ts';

it('leaves room for the keys of the largest file', () => {
  expect(MAX_FILE_RECORDS * MAX_KEY_FIELD).toBeLessThan(MAX_BIN_BYTES);
});

it('leaves room in an archive for the largest file and its signatures, not compressed', () => {
  expect(MAX_BIN_BYTES + MAX_SIG_BYTES).toBeLessThan(MAX_ARCHIVE_BYTES);
});
