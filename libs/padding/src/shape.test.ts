import { type ExposureKey, packRecords } from '@keyserver/exposure-keys';
import { seededRandom } from '@keyserver/random/testing';
import { DAY, HOUR, INTERVAL, intervalNumber, unixMillis } from '@keyserver/time';
import { ShapeSample, parseShapePool, shapeOf } from './index.ts';

const window = unixMillis(Date.UTC(2021, 4, 4, 12));
const today = (window - 12 * HOUR) / INTERVAL;

const aKey = (given: Partial<ExposureKey> = {}): ExposureKey => ({
  data: seededRandom('key').bytes(16),
  start: intervalNumber(today - 144),
  period: 144,
  risk: 2,
  reportType: 'confirmed',
  onsetDays: 2,
  ...given,
});
const aDocument = (...keys: ExposureKey[]) => ({ window, records: packRecords(keys) });

describe('the shape of a document', () => {
  it('says when keys were valid and symptoms began, counted in days back from the window', () => {
    const earlier = aKey({ start: intervalNumber(today - 300), period: 100, onsetDays: 0 });
    expect(shapeOf(aDocument(aKey(), earlier))).toEqual({
      hour: 12,
      shape: {
        onsetBefore: 3,
        keys: [
          { daysBefore: 3, startInDay: 132, period: 100 },
          { daysBefore: 1, startInDay: 0, period: 144 },
        ],
      },
    });
  });

  it('is the same on every day', () => {
    const moved = aKey({ start: intervalNumber(today - 144 + 9 * 144) });
    const later = { window: unixMillis(window + 9 * DAY), records: packRecords([moved]) };
    expect(shapeOf(later)).toEqual(shapeOf(aDocument(aKey())));
  });

  it.each([
    ['has no keys', aDocument()],
    ['is cut off', { window, records: packRecords([aKey()]).subarray(1) }],
    ['lacks onset', aDocument(aKey({ onsetDays: undefined }))],
    ['has two onsets', aDocument(aKey(), aKey({ onsetDays: 1 }))],
    ['lacks onset in one key', aDocument(aKey(), aKey({ onsetDays: undefined }))],
    ['has a key of tomorrow', aDocument(aKey({ start: intervalNumber(today + 144) }))],
    ['has more keys than an upload', aDocument(...Array.from({ length: 101 }, () => aKey()))],
  ])('is undefined for one that %s', (_, document) => {
    expect(shapeOf(document)).toBeUndefined();
  });
});

describe('a sample of shapes', () => {
  const numbered = (n: number) => aDocument(aKey({ period: n + 1 }));

  it('keeps all while there are few, and skips documents without a shape', () => {
    const sample = new ShapeSample(5, seededRandom('few'));
    [numbered(0), aDocument(), numbered(1)].forEach((document) => {
      sample.add(document);
    });
    expect(sample.shapes).toEqual([shapeOf(numbered(0)), shapeOf(numbered(1))]);
  });

  it('keeps each document equally often, however many come', () => {
    const kept = Array.from({ length: 100 }, () => 0);
    for (let round = 0; round < 200; round++) {
      const sample = new ShapeSample(20, seededRandom(`round ${round}`));
      for (let n = 0; n < kept.length; n++) sample.add(numbered(n));
      expect(sample.shapes).toHaveLength(20);
      for (const { shape } of sample.shapes) kept[shape.keys[0]!.period - 1]! += 1;
    }
    // 200 rounds that keep a fifth: 40 with a deviation of 5.7. First and last quarter tell whether early ones are favoured.
    expect(Math.min(...kept)).toBeGreaterThan(15);
    expect(Math.max(...kept)).toBeLessThan(70);
    const quarter = (from: number) => kept.slice(from, from + 25).reduce((sum, n) => sum + n, 0);
    expect(Math.abs(quarter(0) - quarter(75))).toBeLessThan(150);
  });
});

describe('a stored pool', () => {
  const pooled = shapeOf(aDocument(aKey()))!;
  const key = pooled.shape.keys[0]!;
  const withKey = (given: object) => [
    { hour: 1, shape: { onsetBefore: 1, keys: [{ ...key, ...given }] } },
  ];

  it('comes back from JSON as it was', () => {
    const sample = new ShapeSample(5, seededRandom('stored'));
    sample.add(aDocument(aKey()));
    expect(parseShapePool(JSON.parse(JSON.stringify(sample.shapes)))).toEqual([pooled]);
    expect(parseShapePool([])).toEqual([]);
  });

  it.each([
    undefined,
    null,
    {},
    [1],
    [{ hour: 1 }],
    [{ ...pooled, hour: 24 }],
    [{ ...pooled, hour: '1' }],
    [{ ...pooled, more: 1 }],
    [{ hour: 1, shape: null }],
    [{ hour: 1, shape: { ...pooled.shape, onsetBefore: 0.5 } }],
    [{ hour: 1, shape: { ...pooled.shape, keys: [] } }],
    [{ hour: 1, shape: { ...pooled.shape, keys: { length: 1 } } }],
    withKey({ daysBefore: -1 }),
    withKey({ startInDay: 144 }),
    withKey({ period: 0 }),
    withKey({ risk: 1 }),
  ])('is refused when it is %j', (json) => {
    expect(() => parseShapePool(json)).toThrow(TypeError);
  });
});
