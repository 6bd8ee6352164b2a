import { Fault } from '@keyserver/fault';
import type { Timers } from '@keyserver/time';

/** Something was not done by its deadline. What was asked of others may have been done all the same. */
export class DeadlineFault extends Fault<'deadline_passed'> {
  constructor(ms: number) {
    super('deadline_passed', `no answer within ${ms} ms`);
  }
}

/** How long something may take. */
export interface Deadline {
  readonly ms: number;
  readonly timers: Timers;
  /** Ends it early; the outcome is then a rejection with this signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * The outcome of work, or a rejection with a DeadlineFault at its deadline, whether or not the work takes any notice. The work
 * gets a signal that is aborted then, with the same reason; what it still does is ignored.
 */
export async function within<T>(
  { ms, timers, signal }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const end = new AbortController();
  const ended = new Promise<never>((_resolve, reject) => {
    end.signal.addEventListener('abort', () => {
      reject(reasonOf(end.signal));
    });
  });
  const stop = (): void => {
    end.abort(signal?.reason);
  };
  const cancel = timers.after(ms, () => {
    end.abort(new DeadlineFault(ms));
  });
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([ended, work(end.signal)]);
  } finally {
    cancel();
    signal?.removeEventListener('abort', stop);
  }
}

const reasonOf = ({ reason }: AbortSignal): Error =>
  reason instanceof Error ? reason : new Error('ended early', { cause: reason });
