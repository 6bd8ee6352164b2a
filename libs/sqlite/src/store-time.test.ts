import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type SimulatedClock,
  clocksOver,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { databaseSettings } from './testing/database-settings.ts';
import { Database } from './database.ts';
import { StoreTime } from './store-time.ts';

const START = Date.parse('2021-05-04T10:17:00Z');
const SETTLED = 10 * MINUTE;

let directory: string;
const open: Database[] = [];
const clocks: SimulatedClock[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'docstore-'));
});
afterEach(() => {
  for (const database of open.splice(0)) database.close();
  clocks.length = 0;
  rmSync(directory, { recursive: true });
});

/** Every process of these tests runs on the same machine, but a clock may be faked for one of them alone. */
const aClock = (): SimulatedClock => {
  const clock = simulatedClock(unixMillis(START));
  clocks.push(clock);
  return clock;
};

const timePasses = (ms: number): void => {
  for (const clock of clocks) clock.advance(ms);
};

class Process {
  readonly database = new Database(join(directory, 'store.sqlite'), databaseSettings);
  readonly time: StoreTime;

  constructor(clock: SimulatedClock) {
    open.push(this.database);
    this.time = new StoreTime(this.database, clocksOver(clock.memory));
  }

  /** Store time as a commit takes it. */
  commit(): number {
    return this.database.inLock(() => {
      const meta = this.database.meta();
      const time = this.time.take(meta);
      this.database.setMeta({ ...meta, time });
      return time;
    });
  }

  certainTime(): number | undefined {
    return this.time.certainTime(this.database.meta());
  }
}

const works = (process: Process): boolean => {
  try {
    process.commit();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ name: 'StoreFault', code: 'clock' });
    return false;
  }
};

/** Lets hours pass. Processes look at their clocks more rarely, as each look is synced to the disk. */
const hoursPass = (hours: number, process: Process): void => {
  for (let passed = 0; passed < hours * HOUR; passed += 10 * MINUTE) {
    timePasses(10 * MINUTE);
    process.time.watch();
  }
};

/** Lets time pass, while processes look at their clocks every minute as they do in housekeeping. */
const meanwhile = (ms: number, ...watching: readonly Process[]): void => {
  for (let passed = 0; passed < ms; passed += MINUTE) {
    timePasses(MINUTE);
    for (const process of watching) process.time.watch();
  }
};

const JUMPS = [
  ['+1 s', SECOND],
  ['-1 s', -SECOND],
  ['+30 s', 30 * SECOND],
  ['-30 s', -30 * SECOND],
  ['+1 min', MINUTE],
  ['-1 min', -MINUTE],
  ['+1 h', HOUR],
  ['-1 h', -HOUR],
  ['+1 day', DAY],
  ['-1 day', -DAY],
  ['+3 days', 3 * DAY],
  ['+20 days', 20 * DAY],
  ['-20 days', -20 * DAY],
  ['+30 days', 30 * DAY],
  ['-30 days', -30 * DAY],
] as const;
const SMALL = JUMPS.filter(([, by]) => Math.abs(by) <= 30 * SECOND);
const LARGE = JUMPS.filter(([, by]) => Math.abs(by) > 30 * SECOND);
const MENDING_THEMSELVES = LARGE.filter(([, by]) => Math.abs(by) <= 3 * DAY);
const LASTING = LARGE.filter(([, by]) => Math.abs(by) > 3 * DAY);

describe('a clock that jumps while a process runs', () => {
  it.each(SMALL)('by %s goes on, and store time never goes back', (_name, by) => {
    const clock = aClock();
    const process = new Process(clock);
    const before = process.commit();
    clock.jump(by);
    expect(process.commit()).toBe(Math.max(before, clock.now()));
  });

  it.each(LARGE)('by %s is not believed, and leaves store time as it was', (_name, by) => {
    const clock = aClock();
    const process = new Process(clock);
    const before = process.commit();
    clock.jump(by);
    expect(works(process)).toBe(false);
    expect(process.database.meta().time).toBe(before);
  });

  it.each(LARGE)('by %s for three seconds holds nothing up afterwards', (_name, by) => {
    const clock = aClock();
    const process = new Process(clock);
    process.commit();
    clock.jump(by);
    timePasses(3 * SECOND);
    expect(works(process)).toBe(false);
    clock.jump(-by);
    expect(process.commit()).toBe(START + 3 * SECOND);
  });

  it.each(MENDING_THEMSELVES)('by %s is believed once it has lasted', (_name, by) => {
    const clock = aClock();
    const process = new Process(clock);
    process.commit();
    clock.jump(by);
    process.time.watch();
    meanwhile(SETTLED - MINUTE, process);
    expect(works(process)).toBe(false);
    meanwhile(by > 0 ? MINUTE : -by, process);
    expect(process.commit()).toBe(clock.now());
  });

  it.each(LASTING)('by %s is not believed in an hour', (_name, by) => {
    const clock = aClock();
    const process = new Process(clock);
    process.commit();
    clock.jump(by);
    meanwhile(HOUR, process);
    expect(works(process)).toBe(false);
  });

  it('does not count as lasting when it jumps on', () => {
    const clock = aClock();
    const process = new Process(clock);
    process.commit();
    for (let n = 0; n < 20; n++) {
      clock.jump(HOUR);
      meanwhile(5 * MINUTE, process);
      expect(works(process)).toBe(false);
    }
  });
});

describe('a clock that is wrong for one process of several', () => {
  it.each(LARGE)('by %s stops that one for as long, and no other', (_name, by) => {
    const [right, wrong] = [aClock(), aClock()];
    const [one, other] = [new Process(right), new Process(wrong)];
    one.commit();
    wrong.jump(by);
    for (let n = 0; n < 12; n++) {
      meanwhile(5 * MINUTE, one, other);
      expect(works(other)).toBe(false);
      expect(one.commit()).toBe(right.now());
    }
  });

  it.each(LARGE)('by %s from its start stops it too', (_name, by) => {
    const right = aClock();
    const one = new Process(right);
    one.commit();
    const wrong = aClock();
    wrong.jump(by);
    expect(works(new Process(wrong))).toBe(false);
    expect(one.commit()).toBe(right.now());
  });
});

describe('a clock that jumped while no process ran', () => {
  it.each(LARGE)('by %s is noticed at the start, as the machine was on', (_name, by) => {
    const clock = aClock();
    new Process(clock).commit();
    timePasses(16 * HOUR);
    clock.jump(by);
    expect(works(new Process(clock))).toBe(false);
  });

  it('is not believed by 30 s more, and is by 30 s', () => {
    const clock = aClock();
    new Process(clock).commit();
    timePasses(HOUR);
    clock.jump(30 * SECOND);
    expect(works(new Process(clock))).toBe(true);
    clock.jump(30 * SECOND + 1);
    expect(works(new Process(clock))).toBe(false);
  });
});

describe('time that passes without a process', () => {
  it.each([
    ['a restart', MINUTE],
    ['a night', 16 * HOUR],
    ['three weeks', 21 * DAY],
  ])('%s needs nobody while the machine is on, asleep or not', (_name, ms) => {
    const clock = aClock();
    new Process(clock).commit();
    timePasses(ms);
    expect(new Process(clock).commit()).toBe(START + ms);
  });

  it.each([
    ['a restart', MINUTE],
    ['a night', 16 * HOUR],
    ['a weekend', 3 * DAY],
  ])('%s with the machine off needs nobody', (_name, ms) => {
    const clock = aClock();
    new Process(clock).commit();
    clock.reboot(ms);
    expect(new Process(clock).commit()).toBe(START + ms);
  });

  it.each([
    ['more than three days', 3 * DAY + MINUTE],
    ['three weeks', 21 * DAY],
  ])('%s with the machine off is believed only when somebody says so', (_name, ms) => {
    const clock = aClock();
    new Process(clock).commit();
    clock.reboot(ms);
    const process = new Process(clock);
    expect(works(process)).toBe(false);
    meanwhile(HOUR, process);
    expect(works(process)).toBe(false);
    process.database.inLock(() => process.time.mend('accept', process.database.meta()));
    expect(process.commit()).toBe(START + ms + HOUR);
  });

  it('is compared with the newest commit in a store of an earlier version', () => {
    const clock = aClock();
    const process = new Process(clock);
    process.commit();
    process.database.db.exec('DROP TABLE "#clock"; PRAGMA user_version = 0');
    clock.jump(4 * DAY);
    expect(works(new Process(clock))).toBe(false);
    clock.jump(-3 * DAY);
    expect(works(new Process(clock))).toBe(true);
  });
});

describe('what is certain enough to delete by', () => {
  it('is nothing until the clock has been believed for ten minutes', () => {
    const clock = aClock();
    const process = new Process(clock);
    process.commit();
    expect(process.certainTime()).toBeUndefined();
    timePasses(SETTLED - 1);
    expect(process.certainTime()).toBeUndefined();
    timePasses(1);
    expect(process.certainTime()).toBe(START);
    process.commit();
    expect(process.certainTime()).toBe(START + SETTLED);
  });

  const DAYS = 24;
  it.each([
    [
      'the clock jumped ahead for good',
      (clock: SimulatedClock): void => {
        clock.jump(2 * DAY);
      },
    ],
    [
      'the machine was off',
      (clock: SimulatedClock): void => {
        clock.reboot(2 * DAY);
      },
    ],
  ])('stays three days behind for three days after %s', (_name, happen) => {
    const clock = aClock();
    new Process(clock).commit();
    happen(clock);
    const process = new Process(clock);
    process.time.watch();
    meanwhile(2 * SETTLED, process);
    process.commit();
    expect(process.certainTime()).toBe(clock.now() - 3 * DAY);
    hoursPass(3 * DAYS - 1, process);
    // A process that begins meanwhile knows of it too.
    const other = new Process(clock);
    other.commit();
    meanwhile(SETTLED, process, other);
    other.commit();
    expect(other.certainTime()).toBe(clock.now() - 3 * DAY);
    meanwhile(HOUR, process);
    process.commit();
    expect(process.certainTime()).toBe(clock.now());
  });

  it('does not lag once an operator has said that the clock is right', () => {
    const clock = aClock();
    const process = new Process(clock);
    process.commit();
    clock.reboot(20 * DAY);
    process.database.inLock(() => process.time.mend('accept', process.database.meta()));
    process.commit();
    meanwhile(SETTLED, process);
    process.commit();
    expect(process.certainTime()).toBe(clock.now());
  });

  it.each(LARGE)('is nothing again after a jump by %s', (_name, by) => {
    const clock = aClock();
    const process = new Process(clock);
    process.commit();
    process.time.watch();
    timePasses(HOUR);
    clock.jump(by);
    expect(process.certainTime()).toBeUndefined();
    clock.jump(-by);
    expect(process.certainTime()).toBeUndefined();
    timePasses(SETTLED);
    expect(process.certainTime()).toBe(START);
  });
});

describe('the newest reading that was believed', () => {
  it('is kept for two minutes, and renewed then', () => {
    const clock = aClock();
    const process = new Process(clock);
    process.commit();
    const first = process.database.anchor();
    timePasses(2 * MINUTE - 1);
    process.commit();
    expect(process.database.anchor()).toEqual(first);
    timePasses(1);
    process.commit();
    expect(process.database.anchor()).toEqual({ ...first, uptime: clock.now(), wall: clock.now() });
  });

  it.each([
    ['another start', 'other', 5 * MINUTE + SECOND],
    ['a smaller uptime of a machine without names for its starts', 'host', SECOND],
  ])('is renewed at once after %s', (_name, boot, uptime) => {
    const { database } = new Process(aClock());
    const take = (reading: { boot: string; uptime: number; wall: number }): void => {
      const read = () => ({ ...reading, wall: unixMillis(reading.wall) });
      database.inLock(() => new StoreTime(database, read).take(database.meta()));
    };
    take({ boot: 'host', uptime: 5 * MINUTE, wall: START });
    const next = { boot, uptime, wall: START + MINUTE };
    take(next);
    expect(database.anchor()).toEqual(next);
  });
});
