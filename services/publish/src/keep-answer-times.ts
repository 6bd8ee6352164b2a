import { type Logger, faultTrail } from '@keyserver/log';
import { MINUTE, SECOND, type Timers } from '@keyserver/time';
import type { AnswerTimes } from './answer-times.ts';

/** What keeps the times of answers up to date. */
export interface KeepAnswerTimesDeps {
  readonly times: AnswerTimes;
  readonly timers: Timers;
  readonly log: Logger;
  /** What all instances know together, ms, oldest first. */
  readonly readShared: () => Promise<readonly number[]>;
  /** Adds to it; whether that was done. */
  readonly share: (times: readonly number[]) => Promise<boolean>;
  /** Does at the store what an upload does there; rejects when an upload would meet a fault. */
  readonly tryStore: () => Promise<void>;
}

/** The keeping of answer times. */
export interface KeptAnswerTimes {
  /** One more request was cover traffic. */
  readonly countCover: () => void;
  /** Ends it; waits for what is under way. */
  readonly stop: () => Promise<void>;
}

/** How often it is looked whether uploads fare well, ms. */
const LOOK_EVERY = 10 * SECOND;
/** After so long without an upload the store is tried, ms. While uploads meet a fault it is tried each time. */
const SILENCE = MINUTE;
/** How often instances share their times, ms. */
const SHARE_EVERY = MINUTE;
/** So often the store is tried at the very first start, when no instance has ever told how long uploads take. */
const FIRST_TRIALS = 8;

/**
 * Reads what all instances know, and goes on in the background: what it asks of the store is never asked for a request. When
 * this resolves, answers have times to be drawn from.
 */
export async function keepAnswerTimes(deps: KeepAnswerTimesDeps): Promise<KeptAnswerTimes> {
  const { times, timers, log } = deps;
  let covered = 0;
  let sharedAt = timers.monotonic();
  let isStopped = false;
  let cancel = (): void => undefined;
  let working = Promise.resolve();

  function tellCovered(): void {
    if (covered > 0) log.event('publish.covered', { count: covered });
    covered = 0;
  }

  async function look(): Promise<void> {
    if (times.fault !== undefined || times.silentFor >= SILENCE) await trial();
    if (timers.monotonic() - sharedAt < SHARE_EVERY) return;
    sharedAt = timers.monotonic();
    tellCovered();
    await exchange(deps);
  }

  function lookLater(): void {
    if (isStopped) return;
    cancel = timers.after(LOOK_EVERY, lookNow, { unref: true });
  }

  function lookNow(): void {
    working = look().then(lookLater);
  }

  const isFirst = !(await learn(deps, false));
  const trial = storeTrials(deps, isFirst);
  if (isFirst) for (let n = 0; n < FIRST_TRIALS && times.fault === undefined; n++) await trial();
  lookNow();
  return {
    countCover: () => {
      covered += 1;
    },
    stop: async () => {
      isStopped = true;
      cancel();
      await working;
      tellCovered();
    },
  };
}

/**
 * Trials of the store. Where nobody has ever told how long uploads take, those that succeed first stand for uploads. What a fault
 * takes says nothing of an upload: a start while the store is away is made up for when it is back.
 */
function storeTrials(deps: KeepAnswerTimesDeps, isFirst: boolean): () => Promise<void> {
  const { times } = deps;
  const measured: number[] = [];
  return async () => {
    const ms = await tryStore(deps);
    if (!isFirst || times.fault !== undefined || measured.length === FIRST_TRIALS) return;
    measured.push(ms);
    times.measured(measured);
  };
}

/** Tries the store as an upload would, and gives how long that took, ms. */
async function tryStore({
  times,
  timers,
  tryStore: attempt,
}: KeepAnswerTimesDeps): Promise<number> {
  const began = timers.monotonic();
  const took = (): number => timers.monotonic() - began;
  try {
    await attempt();
    times.works();
  } catch (fault) {
    times.failed(fault, took()); // cover traffic is answered accordingly; health reports it
  }
  return took();
}

/** Tells the others what this instance knows, and takes over what they know. */
async function exchange(deps: KeepAnswerTimesDeps): Promise<void> {
  const own = deps.times.unshared();
  const isShared = own.length > 0 && (await reported(deps, async () => await deps.share(own)));
  await learn(deps, isShared === true);
}

/** Takes over what all instances know; whether they know anything. */
async function learn(deps: KeepAnswerTimesDeps, ownAreIn: boolean): Promise<boolean> {
  const shared = await reported(deps, deps.readShared);
  if (shared === undefined) return false;
  deps.times.learn(shared, ownAreIn);
  return shared.length > 0;
}

/** What it gives, or undefined when it fails, which is reported: answers are then timed after what this instance knows. */
async function reported<T>(
  { log }: KeepAnswerTimesDeps,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (fault) {
    log.event('publish.times_not_shared', { causes: faultTrail(fault) });
    return undefined;
  }
}
