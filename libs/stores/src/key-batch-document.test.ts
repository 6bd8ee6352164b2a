import { systemRandom } from '@keyserver/random';
import { seededRandom } from '@keyserver/random/testing';
import { DAY, HOUR, INTERVAL, SECOND, intervalAt, unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import {
  SHARDS,
  type NewKeyBatch,
  keyBatchDocument,
  keyBatchOf,
  keyBatches,
  keyHasher,
  knownUntil,
} from './key-batch-document.ts';
import { NOON, SETTINGS, aKey, aKeyUntil, recordsOf } from './testing/uploads.ts';

const aBatch = (overrides: Partial<NewKeyBatch> = {}): NewKeyBatch => ({
  window: NOON,
  kind: 'primary',
  origin: 'local',
  sourceId: '',
  regions: ['US'],
  traveler: false,
  app: 'app',
  records: recordsOf(aKey(1)),
  ...overrides,
});
const documentOf = (overrides: Partial<NewKeyBatch> = {}) =>
  keyBatchDocument(aBatch(overrides), SETTINGS, systemRandom);

describe('the hash that keys are found by', () => {
  it('is the start of an AES-256 block (FIPS 197, appendix C.3), however often it is asked', () => {
    const hash = keyHasher(Uint8Array.from({ length: 32 }, (_, n) => n));
    const key = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    expect([hash(key), hash(key)]).toEqual([0x8ea2b7ca5167, 0x8ea2b7ca5167]);
  });

  it.each([15, 17, 32])('is refused to %d bytes, and is right for what comes after', (length) => {
    const [hash, fresh] = [1, 2].map(() => keyHasher(Buffer.alloc(32, 1)));
    expect(() => hash!(Buffer.alloc(length))).toThrow(RangeError);
    expect(hash!(aKey(1).data)).toBe(fresh!(aKey(1).data));
  });

  it('fits an array index for every key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (key) => {
        const hash = SETTINGS.hashKey(key);
        expect(Number.isSafeInteger(hash)).toBe(true);
        expect(hash).toBeGreaterThanOrEqual(0);
        expect(hash).toBeLessThan(2 ** 48);
      }),
    );
  });

  it('is another one under another secret', () => {
    const [one, other] = [1, 2].map((n) => keyHasher(Buffer.alloc(32, n))(aKey(1).data));
    expect(one).not.toBe(other);
  });
});

describe('the document of new keys', () => {
  it('lists the hash of each key in the order of its records', () => {
    const keys = [aKey(1), aKey(2), aKey(3)];
    expect(documentOf({ records: recordsOf(...keys) }).keyHashes).toEqual(
      keys.map(({ data }) => SETTINGS.hashKey(data)),
    );
  });

  it('reads records that lie somewhere in a larger buffer', () => {
    const records = recordsOf(aKey(1), aKeyUntil(2, NOON));
    const larger = Buffer.concat([Buffer.alloc(7, 0xff), records]).subarray(7);
    const [here, there] = [documentOf({ records }), documentOf({ records: larger })];
    expect(there.keyHashes).toEqual(here.keyHashes);
    expect(there.expireAt).toBe(here.expireAt);
  });

  it('holds the authority in fields of its own, and neither when there is none', () => {
    const verified = documentOf({ authority: { id: 7, name: 'Health' } });
    expect(verified).toMatchObject({ authority: 7, authorityName: 'Health' });
    expect(documentOf()).not.toHaveProperty('authority');
    expect(documentOf({ authority: undefined })).not.toHaveProperty('authorityName');
  });

  it('may vanish after its window when its keys could no longer be published by then', () => {
    const records = recordsOf(aKeyUntil(1, unixMillis(NOON - 10 * DAY)));
    expect(documentOf({ records }).expireAt).toBe(NOON + SETTINGS.retention);
  });

  it('stays as long as any of its keys could still be published', () => {
    const records = recordsOf(aKeyUntil(1, unixMillis(NOON - 10 * DAY)), aKeyUntil(2, NOON));
    expect(documentOf({ records }).expireAt).toBe(NOON + SETTINGS.maxKeyAge + 2 * HOUR);
  });

  it('is still found by the last upload of its key that is accepted, which its clock lets come late', () => {
    const { maxKeyAge: maxAge } = SETTINGS;
    const end = intervalAt(NOON);
    const isAccepted = (now: number): boolean => Math.floor((now - maxAge) / INTERVAL) <= end;
    const last = (end + 1) * INTERVAL + maxAge - 1;
    expect([isAccepted(last), isAccepted(last + 1)]).toEqual([true, false]);
    const clockBehind = 30 * SECOND;
    const longestTransaction = 330 * SECOND;
    expect(knownUntil(end, SETTINGS)).toBeGreaterThan(last + clockBehind + longestTransaction);
  });

  it('never vanishes while a reader or an upload must still find it', () => {
    const anEnd = fc.integer({ min: -3000, max: 150 }).map((i) => unixMillis(NOON + i * INTERVAL));
    fc.assert(
      fc.property(fc.array(anEnd, { minLength: 1, maxLength: 5 }), (ends) => {
        const { expireAt } = documentOf({
          records: recordsOf(...ends.map((end, n) => aKeyUntil(n, end))),
        });
        expect(expireAt).toBeGreaterThanOrEqual(NOON + SETTINGS.retention);
        for (const end of ends)
          expect(expireAt).toBeGreaterThanOrEqual(end + SETTINGS.maxKeyAge + 2 * HOUR);
      }),
    );
  });

  it('lies in a shard that tells nothing: every shard gets its share', () => {
    const random = seededRandom('shards');
    const shards = Array.from(
      { length: 2000 },
      () => keyBatchDocument(aBatch(), SETTINGS, random).shard,
    );
    expect(new Set(shards).size).toBe(SHARDS);
    expect(Math.min(...shards)).toBe(0);
    expect(Math.max(...shards)).toBe(SHARDS - 1);
  });

  it.each([
    ['with the authority that verified it', { id: 7, name: 'Department of Health' }],
    ['without an authority', undefined],
  ])('survives its codec and becomes the same key batch, %s', (_, authority) => {
    const batch = aBatch({
      origin: 'padding',
      sourceId: 'cell/attempt',
      traveler: true,
      authority,
    });
    const stored = keyBatches.codec.decode(
      keyBatches.codec.encode(keyBatchDocument(batch, SETTINGS, systemRandom)),
    );
    const { records, ...read } = keyBatchOf('id', stored);
    expect({ ...read, records: Buffer.from(records) }).toEqual({
      ...batch,
      id: 'id',
      records: Buffer.from(batch.records),
    });
  });

  it('is found by the indexes that it is declared with, and by no other', () => {
    expect(keyBatches.layout).toMatchObject({
      indexes: [['shard', 'window']],
      arrayIndex: 'keyHashes',
      expiry: 'expireAt',
    });
  });
});
