import type { UploadStatistics } from '@keyserver/exposure-keys';
import { DAY, HOUR, MINUTE, unixMillis } from '@keyserver/time';
import { NOON, aKey, anUpload } from './testing/uploads.ts';
import { totalDelta, totalDeltas } from './total-deltas.ts';

const deltaOf = (statistics: Partial<UploadStatistics> = {}, inserted = 3, window = NOON) =>
  totalDelta(
    anUpload([aKey(1)], {
      statistics: { platform: 'ios', oldestKeyDays: 4, onsetDays: 5, ...statistics },
    }),
    { inserted, revised: 0, window },
  );

describe('what an upload adds to the totals', () => {
  it('is its counts under its authority and hour', () => {
    expect(deltaOf()).toEqual({
      hour: NOON,
      authority: 7,
      platform: 'ios',
      keys: 3,
      oldestKeyDays: 4,
      onsetDays: 5,
      onsetMissing: 0,
      expireAt: NOON + 30 * DAY,
    });
  });

  it('is nothing when no authority verified it', () => {
    expect(
      totalDelta(anUpload([aKey(1)], { authority: undefined }), {
        ...{ inserted: 1, revised: 0, window: NOON },
      }),
    ).toBeUndefined();
  });

  it('tells the hour and nothing finer, however short the windows are', () => {
    const early = deltaOf({}, 1, unixMillis(NOON + 10 * MINUTE));
    const late = deltaOf({}, 1, unixMillis(NOON + HOUR - 1));
    expect(early).toEqual(deltaOf({}, 1));
    expect(late).toEqual(early);
  });

  it('counts an assumed onset as missing, without days', () => {
    const delta = deltaOf({ onsetDays: 'missing' });
    expect(delta).toMatchObject({ onsetMissing: 1 });
    expect(delta).not.toHaveProperty('onsetDays');
  });

  it.each([['oldestKeyDays'], ['onsetDays']] as const)(
    'leaves out %s that are unknown',
    (field) => {
      const delta = deltaOf({ [field]: undefined });
      expect(delta).not.toHaveProperty(field);
      expect(delta).toMatchObject({ onsetMissing: 0 });
    },
  );

  it('counts an upload of which nothing was stored', () => {
    expect(deltaOf({}, 0)).toMatchObject({ keys: 0, authority: 7 });
  });

  it('is keys and one revision of an upload that revises, and no ages (P5)', () => {
    const upload = anUpload([aKey(1), aKey(2)], {
      statistics: { platform: 'android', oldestKeyDays: 15, onsetDays: 'missing' },
    });
    expect(totalDelta(upload, { inserted: 0, revised: 2, window: NOON })).toEqual({
      ...{ hour: NOON, authority: 7, platform: 'android', keys: 2, revisions: 1, onsetMissing: 0 },
      expireAt: NOON + 30 * DAY,
    });
  });

  it('survives its codec with and without its optional counts', () => {
    const { encode, decode } = totalDeltas.codec;
    for (const delta of [deltaOf()!, deltaOf({ oldestKeyDays: undefined, onsetDays: 'missing' })!])
      expect(decode(encode(delta))).toEqual(delta);
  });
});
