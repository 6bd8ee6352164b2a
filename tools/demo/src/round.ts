import { DAY, HOUR, MINUTE, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { type Check, check, worstOf } from './checks.ts';
import type { Series } from './client.ts';
import { JOBS } from '@keyserver/launcher';
import { REFUSED_CALLS, countRefusedCalls, runJobs } from './job-calls.ts';
import { type Judgement, judgePublished } from './judgement.ts';
import { type Ledger, hasEnded } from './ledger.ts';
import { REFUSALS } from './refusals.ts';
import { tryRefusals, uploadAll } from './uploads.ts';
import type { World } from './world.ts';

/** What a round tells while it is played. */
export interface Teller {
  /** A step is done. */
  readonly tell: (line: string) => void;
  /** A step goes on. */
  readonly progress: (line: string) => void;
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

/** The checks that were made at one step of a round. */
export interface Step {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** A window is exported once it is closed and two hours old; then come the jobs. */
const EXPORT_DELAY = 2 * HOUR + 5 * MINUTE;

/** Plays a round: phones upload, hours pass, files are made, and a phone downloads them before and after midnight. */
export async function playRound(world: World, phones: number, teller: Teller): Promise<Round> {
  const { clock } = world;
  const ledger: Ledger = { promised: new Map(), forbidden: new Set() };
  await runJobs(world); // from now on no batch is left out
  const uploads = await uploadStep(world, ledger, { phones, teller });
  await passUntil(world, unixMillis(floorTo(clock.now(), HOUR) + HOUR + EXPORT_DELAY), teller);
  const waiting = [...ledger.promised.values()].filter((key) => !hasEnded(key, clock.now())).length;
  const first = await judgePublished(world, ledger);
  teller.tell(`${foundIn(first)}; ${counted(waiting)} keys are still in use and wait`);
  // A key that ends at midnight is released in the window after the one in which it ended.
  const midnight = floorTo(unixMillis(clock.now() + DAY), DAY);
  await passUntil(world, unixMillis(midnight + 2 * HOUR + EXPORT_DELAY), teller);
  const second = await judgePublished(world, ledger, first.series);
  teller.tell(foundIn(second));
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
  world: World,
  ledger: Ledger,
  { phones, teller }: { readonly phones: number; readonly teller: Teller },
): Promise<readonly Check[]> {
  const progress = (done: number): void => {
    teller.progress(`${done} of ${phones} phones have uploaded`);
  };
  const accepted = await uploadAll(world, ledger, { phones, progress });
  teller.tell(
    `${counted(phones)} phones have uploaded ${counted(ledger.promised.size)} keys to publish; those of travelers go into two files`,
  );
  const refused = await tryRefusals(world, ledger);
  const calls = {
    expected: REFUSED_CALLS.length * JOBS.length,
    found: await countRefusedCalls(world),
  };
  teller.tell(
    `${REFUSALS.length} bad uploads and ${calls.expected} unauthorised job calls were tried`,
  );
  return [accepted, refused, check('unauthorised job calls refused', calls)];
}

/** Lets time pass, an hour at a time, while the jobs go on. */
async function passUntil(world: World, end: UnixMillis, teller: Teller): Promise<void> {
  while (world.clock.now() < end) {
    world.clock.advance(Math.min(HOUR, end - world.clock.now()));
    teller.progress('the jobs run');
    await runJobs(world);
  }
}

function foundIn({ series }: Judgement): string {
  const archives = series.flatMap((one) => one.archives);
  const keys = archives.reduce((sum, one) => sum + one.keys.length, 0);
  return `${archives.length} archives with ${counted(keys)} keys were downloaded`;
}

const counted = (n: number): string => n.toLocaleString('en-US');
