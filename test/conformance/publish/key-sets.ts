import type { OfferedKey } from '@keyserver/exposure-keys';
import type { Ground } from './ground.ts';
import { newKey, outcomeOf, publish, spanning } from './phone.ts';

type Span = [start: number, period: number];
const S = 2_699_712;

/** Rows about the keys of one upload: which may stand beside each other. */
export function describeUploads(on: () => Ground): void {
  const keysOf = (spans: readonly Span[]): OfferedKey[] =>
    spans.map(([start, period]) => newKey(spanning(start, period)));

  it.each<[string, Span[]]>([
    [
      'start together and end differently',
      [
        [S, 72],
        [S, 144],
      ],
    ],
    [
      'touch',
      [
        [S, 72],
        [S + 72, 72],
      ],
    ],
    [
      'leave a gap',
      [
        [S, 72],
        [S + 100, 44],
      ],
    ],
    [
      'touch the longer of two that start together',
      [
        [S, 72],
        [S, 144],
        [S + 144, 144],
      ],
    ],
    [
      'start three together',
      [
        [S, 10],
        [S, 20],
        [S, 30],
      ],
    ],
    [
      'come in any order',
      [
        [S + 144, 144],
        [S, 144],
      ],
    ],
  ])('may %s', async (_, spans) => {
    const keys = keysOf(spans);
    const answer = await publish(on(), keys);
    expect(answer.body).toMatchObject({ insertedExposures: keys.length });
  });

  it.each<[string, Span[]]>([
    [
      'overlap',
      [
        [S, 144],
        [S + 72, 72],
      ],
    ],
    [
      'overlap in another order',
      [
        [S + 72, 72],
        [S, 144],
      ],
    ],
    [
      'overlap the longer of two that start together',
      [
        [S, 72],
        [S, 144],
        [S + 72, 10],
      ],
    ],
    [
      'start four together',
      [
        [S, 10],
        [S, 20],
        [S, 30],
        [S, 40],
      ],
    ],
    [
      'overlap by one interval',
      [
        [S, 73],
        [S + 72, 72],
      ],
    ],
  ])('may not %s: none of them is taken', async (_, spans) => {
    const keys = keysOf(spans);
    expect(outcomeOf(await publish(on(), keys))).toBe('400 bad_request');
    for (const { key } of keys) expect(await on().stored(key)).toEqual([]);
  });

  it('may contradict a key that is refused anyway', async () => {
    const keys = [newKey(spanning(S, 144)), newKey(spanning(S + 72, 145))];
    expect(outcomeOf(await publish(on(), keys))).toBe('200 partial_failure');
  });

  it('that are the same are stored once, as the last in order of time', async () => {
    const one = newKey(spanning(S, 72));
    const keys = [{ ...one, rollingPeriod: 144 }, one];
    const answer = await publish(on(), keys);
    expect(answer.body).toMatchObject({ insertedExposures: 1 });
    expect(await on().stored(one.key)).toMatchObject([{ key: { period: 144 } }]);
  });

  it('are not limited by keys of other uploads', async () => {
    for (let n = 0; n < 4; n++)
      expect(outcomeOf(await publish(on(), [newKey(spanning(S, 72))]))).toBe('200');
  });
}
