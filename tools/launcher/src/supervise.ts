import type { Logger, ServiceName } from '@keyserver/log';
import type { LogState } from '@keyserver/service';
import { type BackOff, longestPause } from '@keyserver/retry';
import { type Clock, MINUTE, SECOND, type Timers, sleep } from '@keyserver/time';
import { ignoreStop } from './schedule.ts';

/** A service process that runs. */
export interface ServiceChild {
  /** Its exit status, or 128 and more when a signal ended it; never rejects. */
  readonly ended: Promise<number>;
  /** Asks it to finish what it is doing and end. */
  ask(): void;
  /** Ends it at once. */
  kill(): void;
  /** Tells it something; one that has ended, or does not listen, misses it. */
  tell(message: LogState): void;
}

/** A service that is kept running. */
export interface Supervised {
  /** Ends the service: it may finish for `patience` milliseconds, then it is killed. */
  stop(patience: number): Promise<void>;
  /** Tells the present process something. */
  tell(message: LogState): void;
}

interface Supervision {
  readonly name: ServiceName;
  readonly start: () => ServiceChild;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly log: Logger;
}

const PAUSES: BackOff = { firstPauseMs: SECOND, longestPauseMs: 30 * SECOND };
/** A process that ran this long was healthy, so the pauses start over. */
const STABLE_AFTER = MINUTE;

/** Starts a service, and starts it again whenever it ends. While it does not stay up, the pauses grow longer. */
export function supervise(options: Supervision): Supervised {
  const stopping = new AbortController();
  let child = options.start();
  const kept = keep();

  async function keep(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const startedAt = options.clock.now();
      const status = await child.ended;
      if (stopping.signal.aborted) return;
      options.log.event('launcher.child_ended', { child: options.name, status });
      if (options.clock.now() - startedAt >= STABLE_AFTER) attempt = 1;
      await sleep(options.timers, longestPause(PAUSES, attempt), stopping).catch(ignoreStop);
      // The signal is looked at again: a service started now would outlive the launcher.
      if (isAborted(stopping.signal)) return;
      child = options.start();
      options.log.event('launcher.child_started', { child: options.name, attempt });
    }
  }

  return {
    tell: (message) => {
      child.tell(message);
    },
    stop: async (patience) => {
      stopping.abort();
      child.ask();
      const cancel = options.timers.after(patience, () => {
        child.kill();
      });
      await kept;
      cancel();
    },
  };
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted;
