import { DAY, type UnixMillis, unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { type Acceptance, acceptKeys } from './accept-keys.ts';
import { DEFAULT_KEY_RULES } from './key-rules.ts';
import { type OfferedKey, type ReportType, keyEnd, keyHex } from './key.ts';
import { keyText, offeredKey } from './testing/offered-key.ts';

const now = unixMillis(Date.parse('2021-05-04T10:17:00Z'));
const current = 2_700_205;
const today = 2_700_144;

interface Case {
  now?: UnixMillis;
  reportType?: ReportType;
  onset?: readonly number[];
  rules?: Partial<typeof DEFAULT_KEY_RULES>;
}

const accept = (offered: readonly OfferedKey[], given: Case = {}): Acceptance =>
  acceptKeys(offered, {
    now: given.now ?? now,
    reportType: given.reportType ?? 'confirmed',
    onsetCandidates: given.onset ?? [2_699_712],
    rules: { ...DEFAULT_KEY_RULES, ...given.rules },
  });

const keysOf = (acceptance: Acceptance) =>
  acceptance.kind === 'accepted' ? acceptance.keys : undefined;
const statisticsOf = (acceptance: Acceptance) =>
  acceptance.kind === 'accepted' ? acceptance.statistics : undefined;
const refusedWith = (...problems: string[]) => ({ kind: 'refused', problems, warnings: [] });

describe('the number of keys', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) =>
      offeredKey({ n, rollingStartNumber: 2_699_000 + n, rollingPeriod: 1 }),
    );

  it('refuses an upload without keys', () => {
    expect(accept([])).toEqual(refusedWith('no keys'));
  });

  it('takes 30 keys', () => {
    expect(keysOf(accept(many(30)))).toHaveLength(30);
  });

  it('refuses 31 keys without looking at them', () => {
    expect(accept([...many(30), offeredKey({ key: '?' })])).toEqual(
      refusedWith('more than 30 keys'),
    );
  });
});

describe('one key', () => {
  it.each([
    ['yesterday', 2_700_000, 144],
    ['a key that ends now', today, 61],
    ['a key that is still valid', today, 62],
    ['all of today', today, 144],
    ['a key that is not aligned to a day', 2_700_134, 144],
    ['a key that starts now', current, 1],
    ['a key that ended 360 hours ago', 2_697_901, 144],
    ['a short key that ended 360 hours ago', 2_698_044, 1],
  ])('is taken: %s', (_what, start, period) => {
    const acceptance = accept([offeredKey({ rollingStartNumber: start, rollingPeriod: period })], {
      onset: [2_699_000],
    });
    expect(keysOf(acceptance)).toMatchObject([{ start, period }]);
  });

  it.each<[string, Partial<OfferedKey>, string]>([
    ['is not base64', { key: 'A*==' }, 'key is not base64'],
    ['is empty', { key: '' }, 'key is not 16 bytes long'],
    ['has 15 bytes', { key: Buffer.alloc(15).toString('base64') }, 'key is not 16 bytes long'],
    ['has 17 bytes', { key: Buffer.alloc(17).toString('base64') }, 'key is not 16 bytes long'],
    ['has no period', { rollingPeriod: 0 }, 'rollingPeriod is not between 1 and 144'],
    ['has period 145', { rollingPeriod: 145 }, 'rollingPeriod is not between 1 and 144'],
    ['has period -1', { rollingPeriod: -1 }, 'rollingPeriod is not between 1 and 144'],
    ['has half a period', { rollingPeriod: 1.5 }, 'rollingPeriod is not between 1 and 144'],
    ['is too old', { rollingStartNumber: 2_697_900 }, 'key ended before interval 2698045'],
    ['starts at 0', { rollingStartNumber: 0 }, 'key ended before interval 2698045'],
    ['starts before 1970', { rollingStartNumber: -1 }, 'key ended before interval 2698045'],
    ['starts at -2^31', { rollingStartNumber: -(2 ** 31) }, 'key ended before interval 2698045'],
    ['starts nowhere', { rollingStartNumber: NaN }, 'key ended before interval 2698045'],
    ['starts between', { rollingStartNumber: 2_700_000.5 }, 'key ended before interval 2698045'],
    [
      'starts in the future',
      { rollingStartNumber: 2_700_206, rollingPeriod: 1 },
      'key starts after interval 2700205',
    ],
    [
      'starts at 2^31 - 1, where the end overflows',
      { rollingStartNumber: 2 ** 31 - 1 },
      'key starts after interval 2700205',
    ],
    ['has risk -1', { transmissionRisk: -1 }, 'transmissionRisk is not between 0 and 8'],
    ['has risk 9', { transmissionRisk: 9 }, 'transmissionRisk is not between 0 and 8'],
    ['has risk 0.5', { transmissionRisk: 0.5 }, 'transmissionRisk is not between 0 and 8'],
  ])('is refused when it %s', (_what, over, reason) => {
    expect(accept([offeredKey(over)])).toEqual(refusedWith(`key 0: ${reason}`));
  });

  it.each<[string, Partial<OfferedKey>, string]>([
    ['spelling before length', { key: '?', rollingPeriod: 0 }, 'not base64'],
    ['length before period', { key: 'AAAA', rollingPeriod: 0 }, 'not 16 bytes'],
    ['period before age', { rollingPeriod: 0, rollingStartNumber: 0 }, 'rollingPeriod'],
    ['age before risk', { rollingStartNumber: 0, transmissionRisk: 9 }, 'ended before'],
    ['future before risk', { rollingStartNumber: 2_700_300, transmissionRisk: 9 }, 'starts after'],
  ])('names the first rule that it breaks: %s', (_what, over, reason) => {
    expect(accept([offeredKey(over)]).problems).toEqual([expect.stringContaining(reason)]);
  });

  it('is refused for its own faults before its distance from onset is considered', () => {
    const acceptance = accept([offeredKey({ transmissionRisk: 9 })], { onset: [2_697_000] });
    expect(acceptance).toEqual(refusedWith('key 0: transmissionRisk is not between 0 and 8'));
  });

  it('may not start before 1970 even when the clock stands at 1970', () => {
    const acceptance = accept([offeredKey({ rollingStartNumber: -5 })], { now: unixMillis(0) });
    expect(acceptance.kind).toBe('refused');
  });

  it('has the same bytes in every spelling', () => {
    const acceptance = accept([offeredKey({ key: '-_D_7t3Mu6qZiHdmVUQzIg' })]);
    expect(keysOf(acceptance)?.map((key) => keyHex(key.data))).toEqual([
      'fbf0ffeeddccbbaa9988776655443322',
    ]);
  });
});

describe('transmission risk and report type', () => {
  it.each<[ReportType, number]>([
    ['confirmed', 2],
    ['likely', 4],
    ['negative', 6],
    ['user-report', 0],
    ['', 0],
  ])('assumes for %j risk %d when the phone assigned none', (reportType, risk) => {
    expect(keysOf(accept([offeredKey()], { reportType }))).toMatchObject([{ reportType, risk }]);
  });

  it.each<ReportType>(['confirmed', 'likely', 'negative', 'user-report', ''])(
    'keeps for %j the risk that the phone assigned',
    (reportType) => {
      const acceptance = accept([offeredKey({ transmissionRisk: 8 })], { reportType });
      expect(keysOf(acceptance)).toMatchObject([{ reportType, risk: 8 }]);
    },
  );
});

describe('symptom onset', () => {
  it.each([
    [2_699_712, 2_700_144, 3],
    [2_699_855, 2_700_144, 3],
    [2_699_712, 2_698_704, -7],
    [2_698_128, 2_700_143, 13],
    [2_700_144, 2_698_128, -14],
  ])('at %d lies for a key that starts at %d %d days back', (onset, start, onsetDays) => {
    const acceptance = accept([offeredKey({ rollingStartNumber: start })], { onset: [onset] });
    expect(keysOf(acceptance)).toMatchObject([{ onsetDays }]);
  });

  it.each([
    [2_697_984, 2_700_144],
    [2_700_144, 2_697_984],
  ])('at %d leaves a key that starts at %d out with a warning', (onset, start) => {
    const acceptance = accept([offeredKey({ rollingStartNumber: start })], { onset: [onset] });
    expect(acceptance).toMatchObject({
      kind: 'accepted',
      keys: [],
      problems: [],
      warnings: ['key 0: more than 14 days from symptom onset'],
    });
  });

  it('is assumed four days ago when nobody names it', () => {
    const acceptance = accept([offeredKey({ rollingStartNumber: today })], { onset: [] });
    expect(keysOf(acceptance)).toMatchObject([{ onsetDays: 4 }]);
    expect(statisticsOf(acceptance)?.onsetDays).toBe('missing');
  });

  it.each([
    ['the first instant of the 28th day back', 2_696_112, 28],
    ['the interval before now', current - 1, 0],
  ])('is believed at %s', (_what, onset, onsetDays) => {
    expect(statisticsOf(accept([offeredKey()], { onset: [onset] }))?.onsetDays).toBe(onsetDays);
  });

  it.each([
    ['the interval before the 28th day back', 2_696_111],
    ['now', current],
    ['the future', current + 1],
    ['0, which means not given', 0],
    ['the time before 1970', -1],
    ['the middle of an interval', 2_699_712.5],
    ['no number', NaN],
    ['the largest number', 2 ** 32 - 1],
  ])('is not believed at %s', (_what, onset) => {
    expect(statisticsOf(accept([offeredKey()], { onset: [onset] }))?.onsetDays).toBe('missing');
  });

  it('is the first candidate that can be believed', () => {
    const days = (...onset: number[]) => statisticsOf(accept([offeredKey()], { onset }))?.onsetDays;
    expect(days(today - 144, today - 288)).toBe(1);
    expect(days(current, today - 288)).toBe(2);
    expect(days(0, today - 288)).toBe(2);
  });

  it('is counted together from 29 days on', () => {
    const acceptance = accept([offeredKey()], {
      onset: [today - 40 * 144],
      rules: { maxOnsetReport: 60 },
    });
    expect(statisticsOf(acceptance)?.onsetDays).toBe(29);
  });
});

describe('keys of one upload together', () => {
  const S = 2_699_712;
  const together = (...spans: [number, number][]) =>
    accept(
      spans.map(([start, period], n) =>
        offeredKey({ n, rollingStartNumber: start, rollingPeriod: period }),
      ),
    );

  it.each<[string, [number, number][]]>([
    [
      'two lengths of one start',
      [
        [S, 72],
        [S, 144],
      ],
    ],
    [
      'keys that touch',
      [
        [S, 72],
        [S + 72, 72],
      ],
    ],
    [
      'a gap',
      [
        [S, 72],
        [S + 100, 44],
      ],
    ],
    [
      'two of one start and the next day',
      [
        [S, 72],
        [S, 144],
        [S + 144, 144],
      ],
    ],
    [
      'three of one start',
      [
        [S, 10],
        [S, 20],
        [S, 20],
      ],
    ],
    [
      'the latest first',
      [
        [S + 144, 144],
        [S, 144],
      ],
    ],
  ])('are taken: %s', (_what, spans) => {
    expect(keysOf(together(...spans))).toHaveLength(spans.length);
  });

  it.each<[string, [number, number][], string]>([
    [
      'an overlap',
      [
        [S, 144],
        [S + 72, 72],
      ],
      'key 1: overlaps key 0, which starts earlier',
    ],
    [
      'an overlap sent backwards',
      [
        [S + 72, 72],
        [S, 144],
      ],
      'key 0: overlaps key 1, which starts earlier',
    ],
    [
      'an overlap with the longer of two',
      [
        [S, 144],
        [S, 72],
        [S + 72, 10],
      ],
      'key 2: overlaps key 0, which starts earlier',
    ],
    [
      'an overlap of one interval',
      [
        [S, 73],
        [S + 72, 72],
      ],
      'key 1: overlaps key 0, which starts earlier',
    ],
    [
      'four of one start',
      [
        [S, 1],
        [S, 2],
        [S, 3],
        [S, 4],
      ],
      'key 3: more than 3 keys start in the same interval',
    ],
    [
      'four of the second start',
      [
        [S, 1],
        [S + 1, 1],
        [S + 1, 2],
        [S + 1, 3],
        [S + 1, 4],
      ],
      'key 4: more than 3 keys start in the same interval',
    ],
  ])('are all refused: %s', (_what, spans, problem) => {
    expect(together(...spans)).toEqual(refusedWith(problem));
  });

  it('may contradict a key that was refused or left out', () => {
    const acceptance = accept(
      [
        offeredKey({ n: 1 }),
        offeredKey({ n: 2, rollingStartNumber: 2_700_010, transmissionRisk: 9 }),
        offeredKey({ n: 3, rollingStartNumber: 2_697_950 }),
        offeredKey({ n: 4, rollingStartNumber: 2_697_960 }),
      ],
      { onset: [current - 1] },
    );
    expect(keysOf(acceptance)).toHaveLength(1);
  });

  it('report the refused keys and the warnings along with the contradiction', () => {
    const acceptance = accept(
      [
        offeredKey({ n: 1, transmissionRisk: 9 }),
        offeredKey({ n: 2, rollingStartNumber: 2_697_950 }),
        offeredKey({ n: 3 }),
        offeredKey({ n: 4, rollingStartNumber: 2_700_010 }),
      ],
      { onset: [current - 1] },
    );
    expect(acceptance).toEqual({
      kind: 'refused',
      problems: [
        'key 0: transmissionRisk is not between 0 and 8',
        'key 3: overlaps key 2, which starts earlier',
      ],
      warnings: ['key 1: more than 14 days from symptom onset'],
    });
  });
});

describe('an upload with good and bad keys', () => {
  const good = offeredKey({ n: 1 });
  const bad = offeredKey({ n: 2, rollingPeriod: 0 });
  const far = offeredKey({ n: 3, rollingStartNumber: 2_697_950 });
  const onset = [current - 1];

  it('keeps the good ones and names the others by their place in the upload', () => {
    expect(accept([bad, good, far, bad], { onset })).toMatchObject({
      kind: 'accepted',
      keys: [{ start: 2_700_000 }],
      problems: [
        'key 0: rollingPeriod is not between 1 and 144',
        'key 3: rollingPeriod is not between 1 and 144',
      ],
      warnings: ['key 2: more than 14 days from symptom onset'],
    });
  });

  it('is refused when only keys were refused or left out', () => {
    expect(accept([far, bad], { onset })).toMatchObject({
      kind: 'refused',
      problems: ['key 1: rollingPeriod is not between 1 and 144'],
      warnings: ['key 0: more than 14 days from symptom onset'],
    });
  });

  it('is accepted without keys when all were only left out', () => {
    expect(accept([far], { onset })).toMatchObject({
      kind: 'accepted',
      keys: [],
      statistics: { oldestKeyDays: undefined, onsetDays: 0 },
    });
  });
});

describe('a key that is sent twice', () => {
  it('is kept once, as the last in order of time', () => {
    const late = offeredKey({ rollingStartNumber: today, transmissionRisk: 5 });
    expect(keysOf(accept([late, offeredKey()]))).toMatchObject([{ start: today, risk: 5 }]);
  });

  it('is kept as the longer of two that start together', () => {
    const short = offeredKey({ rollingPeriod: 72 });
    expect(keysOf(accept([offeredKey(), short]))).toMatchObject([{ period: 144 }]);
  });

  it('is the same key in another spelling', () => {
    const spelled = { ...offeredKey(), key: keyText(1).replace('==', '') };
    expect(keysOf(accept([offeredKey(), spelled]))).toHaveLength(1);
  });

  it('counts for the limit on keys that start together', () => {
    expect(accept(Array.from({ length: 4 }, () => offeredKey())).kind).toBe('refused');
  });
});

describe('statistics of an upload', () => {
  it('count the days from the oldest key that is kept', () => {
    const acceptance = accept([
      offeredKey({ n: 1 }),
      offeredKey({ n: 2, rollingStartNumber: 2_699_000 }),
    ]);
    expect(statisticsOf(acceptance)).toEqual({ oldestKeyDays: 8, onsetDays: 3 });
  });

  it('count keys of 15 days and more together', () => {
    const acceptance = accept(
      [offeredKey({ n: 1 }), offeredKey({ n: 2, rollingStartNumber: 2_697_901 })],
      { onset: [] },
    );
    expect(statisticsOf(acceptance)).toEqual({ oldestKeyDays: 15, onsetDays: 'missing' });
  });

  it('leave a key out that was left out for its onset', () => {
    const acceptance = accept(
      [
        offeredKey({ n: 1, rollingStartNumber: today }),
        offeredKey({ n: 2, rollingStartNumber: 2_697_984 }),
      ],
      { onset: [today] },
    );
    expect(statisticsOf(acceptance)).toEqual({ oldestKeyDays: 0, onsetDays: 0 });
  });
});

describe('any upload', () => {
  const around = (center: number, spread: number) =>
    fc.integer({ min: center - spread, max: center + spread });
  const oneKey: fc.Arbitrary<OfferedKey> = fc.record({
    key: fc.oneof(
      fc.integer({ min: 0, max: 9 }).map(keyText),
      fc.uint8Array({ minLength: 16, maxLength: 16 }).map((b) => Buffer.from(b).toString('base64')),
      fc.string(),
    ),
    rollingStartNumber: fc.oneof(around(current, 2500), fc.double(), fc.integer()),
    rollingPeriod: fc.oneof(fc.integer({ min: 1, max: 144 }), fc.double(), fc.integer()),
    transmissionRisk: fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer()),
  });
  const uploads = fc.array(oneKey, { maxLength: 32 });
  const onsets = fc.array(fc.oneof(around(current, 6000), fc.double()), { maxLength: 2 });
  const types = fc.constantFrom<ReportType>('', 'confirmed', 'likely', 'user-report', 'negative');

  it('is answered without throwing, and what is kept keeps every bound', () => {
    fc.assert(
      fc.property(uploads, onsets, types, (offered, onset, reportType) => {
        const acceptance = accept(offered, { onset, reportType });
        const kept = keysOf(acceptance) ?? [];
        expect(kept.length).toBeLessThanOrEqual(offered.length);
        for (const key of kept) {
          expect(key.data).toHaveLength(16);
          expect(key.start).toBeLessThanOrEqual(current);
          expect(keyEnd(key)).toBeGreaterThanOrEqual(2_698_045);
          expect(Math.abs(key.onsetDays ?? NaN)).toBeLessThanOrEqual(14);
          expect(key.reportType).toBe(reportType);
        }
        expect(new Set(kept.map((key) => keyHex(key.data))).size).toBe(kept.length);
      }),
      { numRuns: 500 },
    );
  });

  it('is accounted for: each key is kept, refused, left out or a repeat', () => {
    const plausible = fc.uniqueArray(fc.integer({ min: 0, max: 17 }), { minLength: 1 });
    fc.assert(
      fc.property(plausible, fc.integer({ min: 0, max: 28 }), (days, onsetDay) => {
        const offered = days.map((day) =>
          offeredKey({ n: day, rollingStartNumber: today - day * 144 }),
        );
        const acceptance = accept(offered, { onset: [today - onsetDay * 144] });
        const kept = keysOf(acceptance) ?? [];
        const { problems, warnings } = acceptance;
        expect(kept.length + problems.length + warnings.length).toBe(days.length);
      }),
    );
  });

  it('gives the same keys in whatever order it is sent', () => {
    const spans = fc.shuffledSubarray(
      Array.from({ length: 14 }, (_, day) =>
        offeredKey({ n: day, rollingStartNumber: today - day * 144 }),
      ),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(spans, (offered) => {
        const byStart = offered.toSorted((a, b) => a.rollingStartNumber - b.rollingStartNumber);
        expect(keysOf(accept(offered))).toEqual(keysOf(accept(byStart)));
      }),
    );
  });

  it('has answers that repeat no text that was sent', () => {
    const marked = fc.string({ minLength: 1 }).map((s) => `@secret${s}`);
    fc.assert(
      fc.property(marked, fc.integer(), (text, period) => {
        const acceptance = accept([offeredKey({ key: text, rollingPeriod: period }), offeredKey()]);
        expect(JSON.stringify(acceptance)).not.toContain('@secret');
      }),
    );
  });

  it('has bounds that follow the clock', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 * DAY }), oneKey, (t, key) => {
        const acceptance = accept([key], { now: unixMillis(t), onset: [] });
        expect(['accepted', 'refused']).toContain(acceptance.kind);
      }),
    );
  });
});
