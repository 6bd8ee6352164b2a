import { StoreFault } from '@keyserver/docstore';
import type { Random } from '@keyserver/random';
import { type Clock, SECOND, type UnixMillis, unixMillis } from '@keyserver/time';
import type { Connection, Reading } from './connection.ts';

const MAX_SKEW_MS = 30 * SECOND;
/** The read that tells the time is spread over so many documents, none of which exists: one would be a hot spot. */
const SPREAD = 1024;

/** Store time as one process knows it: Firestore's read times, never going back. */
export class StoreTime {
  private readonly connection: Connection;
  private readonly clock: Clock;
  private readonly random: Random;
  private latest = 0;

  constructor(of: {
    readonly connection: Connection;
    readonly clock: Clock;
    readonly random: Random;
  }) {
    this.connection = of.connection;
    this.clock = of.clock;
    this.random = of.random;
  }

  /** Asks for the time by a read, which may begin a transaction. */
  async read(
    reading: Reading,
  ): Promise<{ readonly now: UnixMillis; readonly transaction: Uint8Array | undefined }> {
    const { connection } = this;
    const name = connection.names.of('#meta', `clock${String(this.random.below(SPREAD))}`);
    const asked = this.clock.now();
    let transaction: Uint8Array | undefined;
    await connection.batchGet([name], { fields: [], reading }, (message) => {
      this.latest = Math.max(this.latest, message.readTime ?? 0);
      transaction ??= message.transaction;
      return true;
    });
    this.check(asked, transaction);
    return { now: unixMillis(this.latest), transaction };
  }

  // The answer may have been long under way: it is compared with the clock before and after.
  private check(asked: UnixMillis, transaction: Uint8Array | undefined): void {
    const ahead = asked - this.latest;
    const behind = this.latest - this.clock.now();
    if (ahead <= MAX_SKEW_MS && behind <= MAX_SKEW_MS) return;
    if (transaction !== undefined) this.connection.rollBack(transaction);
    throw new StoreFault(
      'clock',
      `this machine is more than 30 s ${ahead > 0 ? 'ahead of' : 'behind'} store time`,
    );
  }
}
