import type { Ground } from './ground.ts';
import { CURRENT, EARLIEST_END, newKey, outcomeOf, publish, spanning } from './phone.ts';

/** The first midnight, as an interval, that is believed as an onset. */
const EARLIEST_ONSET = 2_696_112;
/** Four days before NOW, which is assumed where no onset is known. */
const ASSUMED = 2_699_629;

const days = (from: number, to: number): number => Math.floor(to / 144) - Math.floor(from / 144);

/** Rows about symptom onset: which one counts, and what is stored of it. */
export function describeOnsets(on: () => Ground): void {
  it.each<[string, number, number, number]>([
    ['three days before', 2_699_712, 2_700_144, 3],
    ['late on the third day before', 2_699_855, 2_700_144, 3],
    ['a week after', 2_699_712, 2_698_704, -7],
    ['13 days before the last interval of a day', 2_698_128, 2_700_143, 13],
    ['14 days after', 2_700_144, 2_698_128, -14],
    ['of nobody’s knowledge, four days before', 0, 2_700_144, 4],
  ])('%s the key is stored with it', async (_, symptomOnsetInterval, start, onsetDays) => {
    const key = newKey(spanning(start, 1));
    const answer = await publish(on(), [key], { body: { symptomOnsetInterval } });
    expect(outcomeOf(answer)).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([{ key: { onsetDays } }]);
  });

  it.each<[string, number, number]>([
    ['15 days before', 2_697_984, 2_700_144],
    ['15 days after', 2_700_144, 2_697_984],
  ])('%s the key leaves it out with a warning', async (_, symptomOnsetInterval, start) => {
    const key = newKey(spanning(start, 144));
    const answer = await publish(on(), [key], { body: { symptomOnsetInterval } });
    expect(outcomeOf(answer)).toBe('200');
    expect(answer.body['warnings']).toEqual([expect.stringMatching(/^key 0: .*14 days/u)]);
    expect(answer.body).not.toHaveProperty('insertedExposures');
    expect(await on().stored(key.key)).toEqual([]);
  });

  // A key of four days ago lies within 14 days of each of these, so that it tells which one counted.
  const start = ASSUMED;
  const rows: [string, number, number | undefined, number][] = [
    ['of the request comes before that of the certificate', 2_699_568, 2_699_424, 2_699_568],
    ['of the certificate counts when the request has none', 0, 2_699_424, 2_699_424],
    ['of this interval is not believed', CURRENT, 2_699_424, 2_699_424],
    ['of the last interval is believed', CURRENT - 1, 2_699_424, CURRENT - 1],
    ['in the future is not believed', CURRENT + 144, 2_699_424, 2_699_424],
    ['before the 28 days is not believed', EARLIEST_ONSET - 1, 2_699_424, 2_699_424],
    ['that is negative is not believed', -5, 2_699_424, 2_699_424],
    ['of either that is not believed gives way to four days ago', CURRENT, CURRENT, ASSUMED],
    ['of neither gives way to four days ago', 0, undefined, ASSUMED],
  ];
  it.each(rows)('%s', async (_, symptomOnsetInterval, certified, expected) => {
    const key = newKey(spanning(start, 1));
    const sending = { claims: { symptomOnsetInterval: certified }, body: { symptomOnsetInterval } };
    expect(outcomeOf(await publish(on(), [key], sending))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([
      { key: { onsetDays: days(expected, start) } },
    ]);
  });

  it('on the first of the 28 days is believed', async () => {
    const key = newKey(spanning(EARLIEST_END, 1));
    const body = { symptomOnsetInterval: EARLIEST_ONSET };
    await publish(on(), [key], { body });
    expect(await on().stored(key.key)).toMatchObject([{ key: { onsetDays: 13 } }]);
  });
}
