import { KEY_BYTES, RECORD, RECORD_BYTES } from '@keyserver/exposure-keys';
import { MAX_KEY_FIELD, writeKey } from './encode-key.ts';

it('writes the longest key into no more bytes than are set aside for it', () => {
  const records = Buffer.alloc(RECORD_BYTES, 0xff);
  records.writeInt8(-127, RECORD.onsetDays); // -128 would say that there is none
  const out = Buffer.alloc(2 * MAX_KEY_FIELD);
  const end = writeKey(out, 0, { field: 7, records, keyBytes: KEY_BYTES }, 0);
  expect(end).toBeGreaterThan(KEY_BYTES);
  expect(end).toBeLessThanOrEqual(MAX_KEY_FIELD);
});
