import { StoreFault } from '@keyserver/docstore';
import { type ClockReading, MINUTE, type ReadClocks } from '@keyserver/time';
import type { Database, Meta } from './database.ts';
import {
  LONGEST_STOP,
  SETTLING,
  TOLERANCE,
  type Verdict,
  cautionAt,
  doubtSentence,
  judgeByAnchor,
  judgeByMark,
} from './machine-clocks.ts';
import type { TimeMending, TimeReport } from './protocol.ts';

/** How old the anchor may become before a process that is believed renews it; several times shorter than SETTLING. */
const ANCHOR_AGE = 2 * MINUTE;

/** A jump that may be believed once it has lasted. */
interface Jump {
  readonly by: number;
  /** The uptime at which it was first seen. */
  readonly since: number;
  /** The anchor that it contradicts. When another process renews that, the jump is this process's error alone. */
  readonly anchored: number;
}

/**
 * Store time as one process takes it from its machine. The clock is believed only as far as it agrees with the time that has
 * passed, by the uptime of the machine, since any process of the store last was believed.
 */
export class StoreTime {
  private readonly database: Database;
  private readonly read: ReadClocks;
  private jump: Jump | undefined;
  /** The uptime since which every reading of this process was believed. */
  private believedSince: number | undefined;

  constructor(database: Database, read: ReadClocks) {
    this.database = database;
    this.read = read;
  }

  /** Store time; inside the write lock. The caller stores it as the new mark. Throws when the clock is doubted. */
  take(meta: Meta): number {
    const reading = this.read();
    const verdict = this.judge(reading, meta);
    if (verdict.kind === 'doubted') throw doubtFault(verdict);
    if (this.isAnchorDue(reading)) this.database.setAnchor(reading, this.caution(reading));
    return Math.max(meta.time, reading.wall);
  }

  /** Looks at the clocks, as must be done regularly, and keeps the anchor young. */
  watch(): void {
    const reading = this.read();
    const { kind } = this.judge(reading, this.database.meta());
    if (kind === 'doubted' || !this.isAnchorDue(reading)) return;
    this.database.inLock(() => {
      const meta = this.database.meta();
      this.database.setMeta({ ...meta, time: this.take(meta) });
    });
  }

  /**
   * The time before which documents have certainly expired; undefined until the clock has been believed for a while. After
   * time that nothing counted it lags behind by as much as a clock that is believed may be wrong.
   */
  certainTime(meta: Meta): number | undefined {
    const reading = this.read();
    const { kind } = this.judge(reading, meta);
    const since = this.believedSince ?? Infinity;
    const isSettled = kind === 'believed' && reading.uptime - since >= SETTLING;
    if (!isSettled) return undefined;
    return Math.min(meta.time, reading.wall) - (this.caution(reading) > 0 ? LONGEST_STOP : 0);
  }

  report(): TimeReport {
    const reading = this.read();
    const meta = this.database.meta();
    const verdict = this.judge(reading, meta);
    const doubt = verdict.kind === 'doubted' ? doubtSentence(verdict) : undefined;
    return { wall: reading.wall, mark: meta.time, doubt, remedy: remedyOf(reading, meta, verdict) };
  }

  /** Store time as an operator mends it; inside the write lock. Throws when that is not what mends it. */
  mend(as: TimeMending, meta: Meta): number {
    const reading = this.read();
    const remedy = remedyOf(reading, meta, this.judge(reading, meta));
    if (remedy !== (as === 'accept' ? 'accept' : 'reset'))
      throw new StoreFault('refused', `there is nothing to ${as}: the clock is not doubted so`);
    if (as === 'prepare-reset') return meta.time;
    this.database.setAnchor(reading, 0);
    return as === 'reset' ? reading.wall : Math.max(meta.time, reading.wall);
  }

  private judge(reading: ClockReading, { time: mark }: Meta): Verdict {
    const anchor = this.database.anchor();
    const lasting = this.afterSettling(reading, anchor, judgeByAnchor(reading, anchor));
    const verdict = lasting.kind === 'believed' ? judgeByMark(reading, mark) : lasting;
    if (verdict.kind === 'doubted') this.believedSince = undefined;
    else this.believedSince ??= reading.uptime;
    return verdict;
  }

  /** Believes a jump that has lasted for long enough while no process of the store contradicted it. */
  private afterSettling(reading: ClockReading, anchor: ClockReading, verdict: Verdict): Verdict {
    if (verdict.kind === 'believed' || verdict.doubt !== 'jumped' || verdict.by > LONGEST_STOP) {
      this.jump = undefined;
      return verdict;
    }
    const { by } = verdict;
    const { jump } = this;
    const isSame = jump?.anchored === anchor.uptime && Math.abs(jump.by - by) <= TOLERANCE;
    const since = isSame ? jump.since : reading.uptime;
    if (!isSame) this.jump = { by, since, anchored: anchor.uptime };
    return reading.uptime - since >= SETTLING ? { kind: 'believed' } : verdict;
  }

  private caution(reading: ClockReading): number {
    return cautionAt(reading, this.database.anchor(), this.database.caution());
  }

  private isAnchorDue(reading: ClockReading): boolean {
    const anchor = this.database.anchor();
    const age = reading.uptime - anchor.uptime;
    return anchor.boot !== reading.boot || age < 0 || age >= ANCHOR_AGE;
  }
}

function remedyOf(reading: ClockReading, meta: Meta, verdict: Verdict): TimeReport['remedy'] {
  if (verdict.kind === 'believed') return undefined;
  return judgeByMark(reading, meta.time).kind === 'believed' ? 'accept' : 'reset';
}

const doubtFault = (verdict: Extract<Verdict, { kind: 'doubted' }>): StoreFault =>
  new StoreFault(
    'clock',
    `${doubtSentence(verdict)}; \`npx keyserver store time show\` tells what to do`,
  );
