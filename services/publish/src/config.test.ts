import { ConfigFault, loadSettings } from '@keyserver/config';
import { DAY } from '@keyserver/time';
import { keyRulesOf } from '@keyserver/exposure-keys';
import { publishSettings } from './config.ts';
import { statsRulesOf } from './stats/stats-settings.ts';

const load = (env: Readonly<Record<string, string>> = {}) => loadSettings(publishSettings, env);

describe('the settings of publish', () => {
  it.each([
    ['PORT', 0, 8080, 65_535],
    ['KEY_RETENTION_HOURS', 240, 336, 720],
    ['MAX_KEY_AGE_HOURS', 24, 360, 720],
    ['MAX_KEYS_PER_UPLOAD', 1, 30, 100],
    ['MAX_KEYS_WITH_SAME_START', 1, 3, 10],
    ['MAX_ONSET_DISTANCE_DAYS', 1, 14, 14],
    ['MAX_ONSET_AGE_DAYS', 1, 28, 60],
    ['DEFAULT_ONSET_DAYS', 0, 4, 14],
    ['CERTIFICATE_CLOCK_SKEW_SECONDS', 0, 5, 60],
    ['PADDING_MIN_BYTES', 1, 1024, 16_384],
    ['PADDING_RANGE_BYTES', 1, 1024, 16_384],
    ['CONFIG_CACHE_SECONDS', 0, 300, 3600],
    ['STATS_PADDING_MIN_BYTES', 1, 2048, 16_384],
    ['STATS_PADDING_RANGE_BYTES', 1, 1024, 16_384],
  ] as const)('take a %s from %i on, %i when none is given, to %i', (name, least, usual, most) => {
    expect(load()[name]).toBe(usual);
    for (const value of [least, most]) expect(load({ [name]: `${value}` })[name]).toBe(value);
    for (const value of [least - 1, most + 1])
      expect(() => load({ [name]: `${value}` })).toThrow(ConfigFault);
  });

  it('take a region of at most 16 characters, and none unless one is given', () => {
    expect(load().DEFAULT_REGION).toBe('');
    expect(load({ DEFAULT_REGION: 'x'.repeat(16) }).DEFAULT_REGION).toBe('x'.repeat(16));
    expect(() => load({ DEFAULT_REGION: 'x'.repeat(17) })).toThrow(ConfigFault);
  });
});

describe('the settings of statistics (15.4)', () => {
  const rules = (env: Readonly<Record<string, string>> = {}) => statsRulesOf(load(env));

  it('are ten uploads, an embargo of two days and two weeks of retention unless told otherwise', () => {
    expect(rules()).toEqual({
      ...{ kind: 'on', minUploads: 10, embargo: 2 * DAY, retention: 14 * DAY },
    });
    expect(load().STATS_AUDIENCE).toBe('keyserver');
  });

  it.each([
    ['STATS_MIN_UPLOADS', '10', '1000000', ['9', '0', '-1', '1000001', 'ten', '10.5']],
    // None of these would let a small day be shown before it is deleted; 0 or less would hide it for ever.
    ['STATS_EMBARGO_HOURS', '48', '168', ['47', '0', '-48', '169', 'none']],
    ['TOTALS_RETENTION_DAYS', '10', '30', ['9', '31', '0']],
  ])(
    'stop the statistics and not the service when %s is out of bounds',
    (name, least, most, bad) => {
      for (const value of [least, most]) expect(rules({ [name]: value }).kind).toBe('on');
      for (const value of bad)
        expect(rules({ [name]: value })).toEqual({ kind: 'off', settings: [name] });
    },
  );

  it('are all named when several are refused', () => {
    expect(rules({ STATS_MIN_UPLOADS: '1', STATS_EMBARGO_HOURS: '0' })).toEqual({
      ...{ kind: 'off', settings: ['STATS_MIN_UPLOADS', 'STATS_EMBARGO_HOURS'] },
    });
  });
});

it('bounds uploads as the operator has set it', () => {
  const config = load({
    ...{ MAX_KEYS_PER_UPLOAD: '20', MAX_KEYS_WITH_SAME_START: '2', MAX_KEY_AGE_HOURS: '48' },
    ...{ MAX_ONSET_DISTANCE_DAYS: '7', MAX_ONSET_AGE_DAYS: '21', DEFAULT_ONSET_DAYS: '3' },
  });
  expect(keyRulesOf(config)).toEqual({
    ...{ maxKeys: 20, maxSameStart: 2, maxAge: 2 * DAY },
    ...{ maxOnsetMagnitude: 7, maxOnsetReport: 21, defaultOnset: 3 },
  });
});
