import { StoreFault, type Transaction } from '@keyserver/docstore';
import { backOff } from '@keyserver/retry';
import { Attempt, type FailedCall } from './attempt.ts';
import { CallFault, readFault, writeFault } from './failure.ts';
import type { CallLimits } from './call-limits.ts';
import type { Database } from './database.ts';
import type { Write } from './wire.ts';

type Decide<T> = (tx: Transaction) => Promise<T>;

/**
 * How an attempt ended: with a result, with the function's own error, or with a failed call, after which nothing was
 * applied unless that is in doubt.
 */
type Outcome<T> =
  | { readonly kind: 'done'; readonly result: T }
  | { readonly kind: 'threw'; readonly error: unknown }
  | (FailedCall & { readonly kind: 'failed'; readonly inDoubt: boolean });

/** Runs a transaction until an attempt commits, nothing more can be hoped for, or its time is up. */
export async function transact<T>(database: Database, decide: Decide<T>): Promise<T> {
  const { limits, timers } = database;
  const until = timers.monotonic() + limits.transactMs;
  const tries = new Tries(limits);
  let before: Uint8Array | undefined;
  for (;;) {
    const execution = new Execution(database, decide, until);
    const outcome = await execution.once(before);
    if (outcome.kind === 'done') return outcome.result;
    if (outcome.kind === 'threw') throw tries.lastWord(outcome.error);
    if (!tries.mayGoOn(outcome) || timers.monotonic() >= until) throw tries.lastWord(outcome.fault);
    before = execution.transaction;
    await backOff(database, limits, { attempt: tries.attempts });
  }
}

/** Counts the failed attempts of one transaction. */
class Tries {
  attempts = 0;
  /** Whether an earlier commit may have been applied. */
  inDoubt = false;
  private failures = 0;
  private readonly limits: CallLimits;

  constructor(limits: CallLimits) {
    this.limits = limits;
  }

  mayGoOn({ failure, inDoubt }: { failure: CallFault; inDoubt: boolean }): boolean {
    this.attempts++;
    this.inDoubt ||= inDoubt;
    if (failure.meaning !== 'contended') this.failures++;
    const isLeft = this.attempts < this.limits.attempts && this.failures < this.limits.failures;
    return isLeft && isTemporary(failure);
  }

  // What is refused now may be refused because an earlier commit of the same transaction was applied unheard.
  lastWord(error: unknown): unknown {
    if (!this.inDoubt || !(error instanceof StoreFault)) return error;
    return new StoreFault('unavailable', 'nobody knows whether a commit was applied', {
      cause: error,
    });
  }
}

const isTemporary = ({ meaning }: CallFault): boolean =>
  meaning === 'contended' || meaning === 'quota' || meaning === 'away';

/** One execution of the function, from its first read to the commit of its attempt. */
class Execution<T> {
  transaction: Uint8Array | undefined;
  private readonly database: Database;
  private readonly decide: Decide<T>;
  private readonly until: number;

  constructor(database: Database, decide: Decide<T>, until: number) {
    this.database = database;
    this.decide = decide;
    this.until = until;
  }

  async once(before: Uint8Array | undefined): Promise<Outcome<T>> {
    const { connection, time } = this.database;
    const attempt = new Attempt({ connection, time, before });
    const outcome = await this.attempt(attempt);
    this.transaction = attempt.beginning.transaction ?? before;
    return outcome;
  }

  private async attempt(attempt: Attempt): Promise<Outcome<T>> {
    const decided = await this.ask(attempt);
    if (attempt.failed !== undefined) return this.rolledBack(attempt, failed(attempt.failed));
    if (attempt.barred !== undefined) return this.rolledBack(attempt, threw(attempt.barred.error));
    if (this.database.timers.monotonic() > this.until)
      return this.rolledBack(attempt, threw(tooSlow()));
    return await this.finish(attempt, decided);
  }

  private async ask(attempt: Attempt): Promise<Outcome<T>> {
    try {
      return { kind: 'done', result: await this.decide(attempt) };
    } catch (error) {
      return { kind: 'threw', error };
    }
  }

  /** Commits; without writes too, as that tells whether the view that a result or an error came from was consistent. */
  private async finish(attempt: Attempt, decided: Outcome<T>): Promise<Outcome<T>> {
    const isError = decided.kind === 'threw';
    if (isError && decided.error instanceof StoreFault) return this.rolledBack(attempt, decided);
    const writes = isError ? [] : attempt.writes;
    if (!attempt.beginning.hasRead) {
      if (writes.length === 0) return decided;
      const unbegun = await this.beginWithout(attempt);
      if (unbegun !== undefined) return this.rolledBack(attempt, unbegun);
    }
    const failure = await this.commit(attempt, writes);
    if (failure === undefined) return decided;
    const inDoubt = failure.meaning === 'away' && writes.length > 0;
    const fault = writeFault(failure);
    return this.rolledBack(attempt, { kind: 'failed', failure, fault, inDoubt });
  }

  /** Begins what reads nothing, as only store time tells whether this machine may write. */
  private async beginWithout(attempt: Attempt): Promise<Outcome<T> | undefined> {
    try {
      await attempt.beginning.read(async () => {
        await Promise.resolve();
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof CallFault)) return threw(error);
      return failed({ failure: error, fault: readFault(error, 'time') });
    }
  }

  private async commit(attempt: Attempt, writes: readonly Write[]): Promise<CallFault | undefined> {
    try {
      await this.database.connection.commit(writes, attempt.beginning.transaction);
      return undefined;
    } catch (error) {
      if (error instanceof CallFault) return error;
      throw error;
    }
  }

  private rolledBack(attempt: Attempt, outcome: Outcome<T>): Outcome<T> {
    const { transaction } = attempt.beginning;
    if (transaction !== undefined) this.database.connection.rollBack(transaction);
    return outcome;
  }
}

const failed = (call: FailedCall): Outcome<never> => ({ ...call, kind: 'failed', inDoubt: false });

const threw = (error: unknown): Outcome<never> => ({ kind: 'threw', error });

const tooSlow = (): StoreFault =>
  new StoreFault('unavailable', 'a transaction took too long to decide');
