import { DAY, HOUR, MINUTE, SECOND, simulatedClock, unixMillis } from '@keyserver/time';
import { uptime } from 'node:os';
import { clocksOf, doubtSentence } from './machine-clocks.ts';

const NOW = unixMillis(Date.parse('2021-05-04T10:17:00Z'));

describe('the clocks of a machine', () => {
  it('show its clock, its uptime, and the same name for one start', () => {
    const read = clocksOf({ now: () => NOW });
    const before = Math.round(uptime() * SECOND);
    const { wall, uptime: shown, boot } = read();
    expect(wall).toBe(NOW);
    expect(shown).toBeGreaterThanOrEqual(before);
    expect(shown).toBeLessThanOrEqual(Math.round(uptime() * SECOND));
    expect(boot).toMatch(/^\S+$/);
    expect(read().boot).toBe(boot);
  });

  it('are those of the simulated machine where the clock is simulated', () => {
    const clock = simulatedClock(NOW);
    const read = clocksOf(clock);
    const { boot } = read();
    clock.reboot(HOUR);
    expect(read()).toMatchObject({ wall: NOW + HOUR, uptime: 0 });
    expect(read().boot).not.toBe(boot);
  });
});

describe('a doubt in words', () => {
  const clock = 'the clock of this machine';
  it.each([
    ['behind', 31 * SECOND, `${clock} is 31 s behind store time`],
    ['behind', 2 * MINUTE - 1, `${clock} is 120 s behind store time`],
    ['behind', 2 * MINUTE, `${clock} is 2 min behind store time`],
    ['jumped', 2 * HOUR, `${clock} has jumped 2 h ahead`],
    ['jumped', -HOUR, `${clock} has jumped 60 min back`],
    ['long_stop', 4 * DAY, `${clock} shows 4 days more than when the store was last in use`],
    ['long_stop', 2 * DAY - 1, `${clock} shows 48 h more than when the store was last in use`],
  ] as const)('%s by %d ms: %s', (doubt, by, sentence) => {
    expect(doubtSentence({ kind: 'doubted', doubt, by })).toBe(sentence);
  });
});
