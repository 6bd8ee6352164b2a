import { ConfigFault, loadSettings } from '@keyserver/config';
import { DAY } from '@keyserver/time';
import { keyRulesOf } from '@keyserver/exposure-keys';
import { publishSettings } from './config.ts';

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
