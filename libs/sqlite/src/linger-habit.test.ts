import { LingerHabit } from './linger-habit.ts';

/** How often of so many times it was worth it, when this came of each. */
const worth = (habit: LingerHabit, times: number, arrived: boolean): number => {
  let count = 0;
  for (let n = 0; n < times; n++) {
    if (!habit.isWorthIt()) continue;
    count++;
    habit.note(arrived);
  }
  return count;
};

describe('lingering', () => {
  it('goes on as long as requests arrive', () => {
    expect(worth(new LingerHabit(), 1000, true)).toBe(1000);
  });

  it('is given up after eight times in vain, and then tried once in sixteen times', () => {
    const habit = new LingerHabit();
    expect(worth(habit, 8, false)).toBe(8);
    expect(worth(habit, 160, false)).toBe(10);
  });

  it('is taken up again once something arrives', () => {
    const habit = new LingerHabit();
    worth(habit, 100, false);
    expect(worth(habit, 16, true)).toBeGreaterThan(0);
    expect(worth(habit, 100, true)).toBe(100);
  });

  it('is not given up for seven times in vain with one success between', () => {
    const habit = new LingerHabit();
    for (let n = 0; n < 100; n++) {
      expect(worth(habit, 7, false)).toBe(7);
      expect(worth(habit, 1, true)).toBe(1);
    }
  });
});
