import { StoreFault } from '@keyserver/docstore';
import { DeadlineFault, type PauseSource, retry, within } from '@keyserver/retry';
import { type Clock, SECOND, type UnixMillis, unixMillis } from '@keyserver/time';
import type { CallLimits } from './call-limits.ts';
import type { Connection } from './connection.ts';
import { CallFault, failureOf, readFault } from './failure.ts';
import { OUTSIDE, type Reading } from './wire.ts';

/** One Firestore database, as transactions, reads and deletions use it. */
export interface Database extends PauseSource {
  readonly connection: Connection;
  readonly time: StoreTime;
  readonly limits: CallLimits;
}

/** Does a read outside transactions, and again when Firestore was away for a moment; all of it as long as one read may take. */
export async function retrying<T>(
  { connection, limits, timers, random }: Database,
  what: string,
  read: () => Promise<T>,
): Promise<T> {
  const policy = { ...limits, attempts: limits.failures, timers, random, mayHelp: isPassing };
  try {
    return await within(
      { ms: limits.readMs, timers, signal: connection.closed },
      async (signal) => await retry({ ...policy, signal }, read),
    );
  } catch (error) {
    if (error instanceof CallFault || error instanceof DeadlineFault)
      throw readFault(failureOf(error), what);
    throw error;
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof CallFault && (error.meaning === 'away' || error.meaning === 'contended');

const MAX_SKEW_MS = 30 * SECOND;

/** Store time as one process knows it: Firestore's read times, never going back. */
export class StoreTime {
  private readonly connection: Connection;
  private readonly clock: Clock;
  private latest = 0;

  constructor(of: { readonly connection: Connection; readonly clock: Clock }) {
    this.connection = of.connection;
    this.clock = of.clock;
  }

  /** Store time now. */
  async now(): Promise<UnixMillis> {
    let told = 0;
    const heard: Reading['heard'] = ({ readTime = 0 }) => {
      told = Math.max(told, readTime);
    };
    const asked = this.asked();
    await this.ask({ ...OUTSIDE, heard });
    return this.told(asked, told);
  }

  /**
   * Reads a document that is not there, only to be told the time. Whoever has something to read learns the time from that:
   * at the rate of uploads this one document would be a hot spot.
   */
  async ask(reading: Reading): Promise<void> {
    const name = this.connection.names.of('#meta', 'time');
    await this.connection.batchGet([name], { fields: [], reading }, () => true);
  }

  /** This machine's time, to be noted before a read that tells store time. */
  asked(): UnixMillis {
    return this.clock.now();
  }

  /**
   * Takes the time that a read told. The answer may have been long under way, so it is compared with this machine's clock
   * before and after.
   */
  told(asked: UnixMillis, readTime: number): UnixMillis {
    this.latest = Math.max(this.latest, readTime);
    const ahead = asked - this.latest;
    const behind = this.latest - this.clock.now();
    if (ahead <= MAX_SKEW_MS && behind <= MAX_SKEW_MS) return unixMillis(this.latest);
    throw new StoreFault(
      'clock',
      `this machine is more than 30 s ${ahead > 0 ? 'ahead of' : 'behind'} store time`,
    );
  }
}
