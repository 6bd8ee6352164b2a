import {
  DEFAULT_KEY_RULES,
  type ExposureKey,
  type KeyRules,
  NO_ONSET,
  RECORD,
  RECORD_BYTES,
  acceptKeys,
  keyEnd,
  keyHex,
  packRecords,
  releaseWindow,
  unpackRecords,
} from '@keyserver/exposure-keys';
import { seededRandom } from '@keyserver/random/testing';
import {
  DAY,
  HOUR,
  INTERVAL,
  MINUTE,
  SECOND,
  type UnixMillis,
  type WindowLength,
  alwaysWindow,
  daysBetween,
  floorTo,
  intervalAt,
  intervalNumber,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import {
  type Audience,
  type CellToFill,
  type GenerationSource,
  type KeyDocument,
  type ShapePool,
  generateDocuments,
} from './index.ts';

const length = (ms: number): WindowLength => windowLength(ms)!;
const noon = unixMillis(Date.UTC(2021, 4, 4, 12));
const today = floorTo(noon, DAY) / INTERVAL;
const germany: Audience = { regions: ['DE'], traveler: false, app: 'de', authority: undefined };

const source = (given: Partial<GenerationSource> & { seed?: string } = {}): GenerationSource => ({
  pool: [],
  rules: DEFAULT_KEY_RULES,
  windowLength: () => length(HOUR),
  random: seededRandom(given.seed ?? 'generated'),
  ...given,
});

const cell = (given: Partial<CellToFill> = {}): CellToFill => ({
  windows: [noon],
  documents: [],
  audiences: [germany],
  keys: 200,
  atLeast: 0,
  ...given,
});

/** A real document with a key of each of the last days, unless the case says otherwise. */
function aDocument(
  given: Partial<Audience> & { key?: (n: number) => Partial<ExposureKey>; count?: number } = {},
): KeyDocument {
  const { key = () => ({}), count = 3, ...audience } = given;
  const keys = Array.from({ length: count }, (_, n): ExposureKey => ({
    data: seededRandom(`real ${n}`).bytes(16),
    start: intervalNumber(today - (n + 1) * 144),
    period: 144,
    risk: 2,
    reportType: 'confirmed',
    onsetDays: 3 - n,
    ...key(n),
  }));
  return { ...germany, ...audience, window: noon, records: packRecords(keys) };
}

const keysOf = (documents: readonly KeyDocument[]): ExposureKey[] =>
  documents.flatMap(({ records }) => unpackRecords(records));

/** How many of the documents have something, by what it is. */
function tally(
  documents: readonly KeyDocument[],
  of: (document: KeyDocument) => string,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const document of documents) counts.set(of(document), (counts.get(of(document)) ?? 0) + 1);
  return counts;
}

describe('how many documents are generated', () => {
  it('is as many whole ones as hold the keys that are missing', () => {
    const keys = keysOf(generateDocuments(cell({ keys: 1000 }), source()));
    expect(keys.length).toBeGreaterThanOrEqual(1000);
    expect(keys.length).toBeLessThan(1000 + 30);
  });

  it('is at least the number asked for, even when no key is missing', () => {
    expect(generateDocuments(cell({ keys: 0, atLeast: 10 }), source())).toHaveLength(10);
  });

  it('is none when nothing is missing', () => {
    expect(generateDocuments(cell({ keys: 0 }), source())).toEqual([]);
  });

  it.each([{ windows: [] }, { audiences: [] }])('refuses a cell with %j', (lacking) => {
    expect(() => generateDocuments(cell(lacking), source())).toThrow(RangeError);
  });
});

/** All that decides which keys a server takes. */
const anyRules = fc.record<KeyRules>({
  maxKeys: fc.integer({ min: 1, max: 100 }),
  maxSameStart: fc.integer({ min: 1, max: 10 }),
  maxAge: fc.integer({ min: 24, max: 720 }).map((hours) => hours * HOUR),
  maxOnsetMagnitude: fc.integer({ min: 1, max: 14 }),
  maxOnsetReport: fc.integer({ min: 1, max: 60 }),
  defaultOnset: fc.integer({ min: 0, max: 14 }),
});
const anyLength = fc
  .constantFrom(10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY)
  .map(length);
const anyInstant = fc
  .oneof(
    fc.integer({ min: 0, max: 2 * DAY }),
    fc.constantFrom(0, 1, DAY - 1).map((ms) => DAY + ms),
  )
  .map((ms) => unixMillis(Date.UTC(2021, 4, 4) + ms));
const anyShape = fc.record({
  hour: fc.integer({ min: 0, max: 23 }),
  shape: fc.record({
    onsetBefore: fc.integer({ min: -3, max: 30 }),
    keys: fc.array(
      fc.record({
        daysBefore: fc.integer({ min: 0, max: 16 }),
        startInDay: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 143 })),
        period: fc.oneof(fc.constant(144), fc.integer({ min: 1, max: 144 })),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  }),
});

/** An instant in the window, or before it, at which one upload could have left exactly these keys in it. */
function uploadTime(
  keys: readonly ExposureKey[],
  { window, length: of, rules }: { window: UnixMillis; length: WindowLength; rules: KeyRules },
): number | undefined {
  const held = Math.min(...keys.map(keyEnd)) * INTERVAL - 1;
  const inWindow = Array.from({ length: 145 }, (_, n) => (intervalAt(window) + n) * INTERVAL);
  const times = [window, ...inWindow.filter((t) => t > window && t < window + of), held];
  const [first] = keys;
  const onset = first!.start - first!.onsetDays! * 144;
  return times.find((t) => {
    const at = unixMillis(Math.floor(t));
    const acceptance = acceptKeys(
      keys.map(({ data, start, period }) => ({
        key: Buffer.from(data).toString('base64'),
        rollingStartNumber: start,
        rollingPeriod: period,
        transmissionRisk: 1,
      })),
      { now: at, reportType: 'confirmed', rules, onsetCandidates: [onset - (onset % 144)] },
    );
    if (acceptance.kind === 'refused' || acceptance.keys.length < keys.length) return false;
    return acceptance.keys.every(
      (key) =>
        releaseWindow(keyEnd(key), at, alwaysWindow(of)) === window &&
        key.onsetDays === keys.find(({ data }) => keyHex(data) === keyHex(key.data))?.onsetDays,
    );
  });
}

describe('a generated document', () => {
  it('is what a phone could have uploaded, whatever the rules, the window and the pool are', () => {
    fc.assert(
      fc.property(
        fc.tuple(anyRules, anyLength, anyInstant),
        fc.array(anyShape, { maxLength: 60 }),
        fc.string(),
        ([rules, of, t], shapes, seed) => {
          const window = floorTo(t, of);
          const hour = Math.floor((window % DAY) / HOUR);
          const pool: ShapePool = shapes.map((pooled) => ({ ...pooled, hour }));
          const documents = generateDocuments(
            cell({ windows: [window], keys: 20 }),
            source({ rules, pool, windowLength: () => of, seed }),
          );
          // Without any, nothing would be looked at below.
          expect(keysOf(documents).length).toBeGreaterThanOrEqual(20);
          for (const document of documents) {
            const keys = unpackRecords(document.records);
            expect(document.window).toBe(window);
            expect(uploadTime(keys, { window, length: of, rules })).toBeDefined();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has fresh keys, sorted as those of an upload are', () => {
    const documents = generateDocuments(cell({ keys: 1000 }), source());
    const keys = keysOf(documents).map(({ data }) => keyHex(data));
    expect(new Set(keys).size).toBe(keys.length);
    for (const { records } of documents) {
      const own = unpackRecords(records).map(({ data }) => keyHex(data));
      expect(own).toEqual(own.toSorted());
    }
  });

  it('is for one of the audiences that real documents of the cell have, each about equally often', () => {
    const authority = { id: 7, name: 'Health' };
    const rare = aDocument({ regions: ['FR', 'DE'], traveler: true, app: 'fr', authority });
    const documents = [rare, ...Array.from({ length: 20 }, () => aDocument())];
    const generated = generateDocuments(cell({ documents, keys: 2000 }), source());
    const counts = tally(generated, ({ regions, traveler, app, authority: by }) =>
      JSON.stringify([regions, traveler, app, by]),
    );
    expect(new Set(counts.keys())).toEqual(
      new Set([
        JSON.stringify([['DE'], false, 'de', undefined]),
        JSON.stringify([['DE', 'FR'], true, 'fr', authority]),
      ]),
    );
    for (const count of counts.values()) expect(count).toBeGreaterThan(generated.length * 0.35);
  });

  it('is for those who could publish, and positive, where nobody has', () => {
    const [document] = generateDocuments(cell({ keys: 1 }), source());
    expect(document).toMatchObject(germany);
    expect(unpackRecords(document!.records)[0]).toMatchObject({ reportType: 'confirmed', risk: 2 });
  });
});

describe('report type, risk and missing onset', () => {
  const combination = ({ records }: KeyDocument) =>
    [...records.slice(RECORD.risk, RECORD.onsetDays + 1)]
      .map((byte, n) => (n === 2 ? byte === 256 + NO_ONSET : byte))
      .join();

  it('come in the combinations of real documents, a tenth of the generated ones each, however rare', () => {
    const common = aDocument();
    const likely = aDocument({ key: () => ({ reportType: 'likely', risk: 4 }) });
    const foreign = aDocument({ key: () => ({ onsetDays: undefined }) });
    const documents = [likely, foreign, ...Array.from({ length: 40 }, () => common)];
    for (const seed of ['a', 'b', 'c', 'd']) {
      const generated = generateDocuments(cell({ documents, keys: 1000 }), source({ seed }));
      const counts = tally(generated, combination);
      expect(new Set(counts.keys())).toEqual(new Set(documents.map(combination)));
      for (const count of counts.values())
        expect(count).toBeGreaterThanOrEqual(generated.length / 10);
    }
  });

  it('share half of the documents equally where there are more than five combinations', () => {
    const documents = [1, 2, 3, 4, 5, 6, 7, 8].map((risk) => aDocument({ key: () => ({ risk }) }));
    const generated = generateDocuments(cell({ documents, keys: 1000 }), source());
    const counts = tally(generated, combination);
    expect(counts.size).toBe(8);
    for (const count of counts.values())
      expect(count).toBeGreaterThanOrEqual(generated.length / 16);
  });

  it('are divided without regard to how often real documents have them', () => {
    const [a, b] = [1, 2].map((risk) => aDocument({ key: () => ({ risk }) }));
    const shareOf = (documents: KeyDocument[], seed: string) => {
      const generated = generateDocuments(cell({ documents, keys: 100 }), source({ seed }));
      return (tally(generated, combination).get(combination(a!)) ?? 0) / generated.length;
    };
    const seeds = Array.from({ length: 60 }, (_, n) => `division ${n}`);
    const few = seeds.map((seed) => shareOf([a!, b!], seed));
    const many = seeds.map((seed) => shareOf([...Array.from({ length: 9 }, () => a!), b!], seed));
    expect(many).toEqual(few);
    expect(Math.min(...few)).toBeLessThan(0.25);
    expect(Math.max(...few)).toBeGreaterThan(0.75);
  });

  it('give a key the risk of its day where risks of a real document depend on the day', () => {
    const documents = [
      aDocument({ key: (n) => ({ risk: n + 1 }) }),
      aDocument({ count: 1, key: () => ({ risk: 1 }) }),
    ];
    const keys = keysOf(generateDocuments(cell({ documents }), source()));
    for (const { onsetDays, risk } of keys)
      expect(risk).toBe(onsetDays! >= 3 ? 1 : onsetDays! <= 1 ? 3 : 2);
  });

  it('make risks depend on days before the window where real keys have no onset', () => {
    const key = (n: number) => ({ risk: n + 1, onsetDays: undefined });
    const keys = keysOf(generateDocuments(cell({ documents: [aDocument({ key })] }), source()));
    for (const { start, risk, onsetDays } of keys) {
      expect(onsetDays).toBeUndefined();
      expect(risk).toBe(Math.min(3, Math.max(1, daysBetween(start, today))));
    }
  });
});

describe('the windows of generated documents', () => {
  it('are those of the cell, more of them where held-back keys leave the server', () => {
    const midnight = floorTo(noon, DAY);
    const windows = Array.from({ length: 24 }, (_, n) => unixMillis(midnight + n * HOUR));
    const documents = ['a', 'b', 'c', 'd'].flatMap((seed) => [
      ...generateDocuments(cell({ windows, keys: 1000 }), source({ seed })),
    ]);
    const counts = tally(documents, ({ window }) => String((window - midnight) / HOUR));
    expect(counts.size).toBe(24);
    expect(Math.max(...counts.values())).toBe(counts.get('1'));
  });

  it('follow the pool where there is one', () => {
    const keys = [{ daysBefore: 1, startInDay: 0, period: 144 }];
    const pool = Array.from({ length: 2000 }, () => ({ hour: 9, shape: { onsetBefore: 3, keys } }));
    const windows = [9, 12].map((hour) => unixMillis(floorTo(noon, DAY) + hour * HOUR));
    const documents = generateDocuments(cell({ windows, keys: 100 }), source({ pool }));
    const early = documents.filter(({ window }) => window === windows[0]);
    expect(early.length).toBeGreaterThan(documents.length * 0.9);
  });
});

it('packs every record whole', () => {
  for (const { records } of generateDocuments(cell(), source()))
    expect(records.length % RECORD_BYTES).toBe(0);
});
