import { DAY, HOUR, MINUTE, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { type Check, type Step, check, worstOf } from './checks.ts';
import type { Series } from './client.ts';
import { JOBS } from '@keyserver/launcher';
import { REFUSED_CALLS, countRefusedCalls, runJobs } from './jobs.ts';
import { type Judgement, judgePublished } from './judgement.ts';
import { type Ledger, hasEnded } from './ledger.ts';
import { REFUSALS } from './refusals.ts';
import { tryRefusals, uploadAll } from './uploads.ts';
import type { Simulation } from './simulation.ts';

/** Hears how far a round is. */
export interface ProgressReporter {
  /** A step is done. */
  readonly done: (line: string) => void;
  /** A step goes on. */
  readonly update: (line: string) => void;
}

/** A round that was played to its end. */
export interface Round {
  readonly ledger: Ledger;
  /** Uploaded keys that were still valid at the first download. */
  readonly waiting: number;
  /** The last download. */
  readonly series: readonly Series[];
  /** What was made sure of, step by step. */
  readonly steps: readonly Step[];
}

/** A window is exported by the first job after it has been closed for two hours. */
const EXPORT_DELAY = 2 * HOUR + 5 * MINUTE;

/** Plays a round: phones upload, hours pass, files are made, and a phone downloads them before and after midnight. */
export async function playRound(
  simulation: Simulation,
  phones: number,
  progress: ProgressReporter,
): Promise<Round> {
  const { clock } = simulation;
  const ledger: Ledger = { promised: new Map(), forbidden: new Set() };
  await runJobs(simulation); // from now on no batch is left out
  const uploads = await uploadStep(simulation, ledger, { phones, progress });
  await passUntil(
    simulation,
    unixMillis(floorTo(clock.now(), HOUR) + HOUR + EXPORT_DELAY),
    progress,
  );
  const waiting = [...ledger.promised.values()].filter((key) => !hasEnded(key, clock.now())).length;
  const first = await judgePublished(simulation, ledger);
  progress.done(`${foundIn(first)}; ${counted(waiting)} keys are still in use and wait`);
  // A key that ends at midnight is released in the window after the one in which it ended.
  const midnight = floorTo(unixMillis(clock.now() + DAY), DAY);
  await passUntil(simulation, unixMillis(midnight + 2 * HOUR + EXPORT_DELAY), progress);
  const second = await judgePublished(simulation, ledger, first.series);
  progress.done(foundIn(second));
  return {
    ledger,
    waiting,
    series: second.series,
    steps: [
      { title: 'Uploads', checks: uploads },
      { title: 'Files on the same day', checks: first.now },
      { title: 'Files when the last key has ended', checks: second.now },
      { title: 'At any time', checks: worstOf(first.always, second.always) },
    ],
  };
}

async function uploadStep(
  simulation: Simulation,
  ledger: Ledger,
  { phones, progress }: { readonly phones: number; readonly progress: ProgressReporter },
): Promise<readonly Check[]> {
  const onUploaded = (done: number): void => {
    progress.update(`${done} of ${phones} phones have uploaded`);
  };
  const accepted = await uploadAll(simulation, ledger, { phones, progress: onUploaded });
  progress.done(
    `${counted(phones)} phones have uploaded ${counted(ledger.promised.size)} keys to publish; those of travelers go into two files`,
  );
  const refused = await tryRefusals(simulation, ledger);
  const calls = {
    expected: REFUSED_CALLS.length * JOBS.length,
    found: await countRefusedCalls(simulation),
  };
  progress.done(
    `${REFUSALS.length} bad uploads and ${calls.expected} unauthorised job calls were tried`,
  );
  return [accepted, refused, check('unauthorised job calls refused', calls)];
}

/** Lets time pass, an hour at a time, while the jobs go on. */
async function passUntil(
  simulation: Simulation,
  end: UnixMillis,
  progress: ProgressReporter,
): Promise<void> {
  while (simulation.clock.now() < end) {
    simulation.clock.advance(Math.min(HOUR, end - simulation.clock.now()));
    progress.update('the jobs run');
    await runJobs(simulation);
  }
}

function foundIn({ series }: Judgement): string {
  const archives = series.flatMap((one) => one.archives);
  const keys = archives.reduce((sum, one) => sum + one.keys.length, 0);
  return `${archives.length} archives with ${counted(keys)} keys were downloaded`;
}

const counted = (n: number): string => n.toLocaleString('en-US');
