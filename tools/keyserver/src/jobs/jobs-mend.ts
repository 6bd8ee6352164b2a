import type { JobDifference, WantedJob } from '@keyserver/scheduled-jobs';
import { type JobsOptions, ownPlaceOf, placeOf } from './jobs-options.ts';

/** The command that mends a difference. */
export function mendOf(job: WantedJob, difference: JobDifference, options: JobsOptions): string {
  const place = placeOf(options);
  const { aspect, found } = difference;
  if (aspect === 'existence') return createOf(job, place);
  if (aspect === 'state' && found === 'PAUSED')
    return `npx keyserver jobs resume ${job.name.slice(options.prefix.length)} ${ownPlaceOf(options)}`;
  if (aspect === 'method' && found !== 'POST' && !isMethod(found))
    // A job cannot be given another kind of target.
    return `gcloud scheduler jobs delete ${job.name} ${place} && ${createOf(job, place)}`;
  return `gcloud scheduler jobs update http ${job.name} ${place} ${flagsOf(job)[aspect]}`;
}

const isMethod = (text: string): boolean => /^[A-Z]+$/.test(text);

function createOf(job: WantedJob, place: string): string {
  const flags = flagsOf(job);
  const all = [
    flags.address,
    flags.method,
    flags.token,
    flags.schedule,
    flags['time zone'],
    flags.deadline,
    flags.retries,
  ];
  return `gcloud scheduler jobs create http ${job.name} ${place} ${all.join(' ')}`;
}

type Flags = Readonly<Record<Exclude<JobDifference['aspect'], 'existence'>, string>>;

/** Others may have set up what the scheduler has, and the line is meant to be copied into a shell. */
const isAccount = (text = ''): boolean => /^[\w.+-]+@[\w.-]+$/.test(text);

function flagsOf({ uri, audience, account: stated, ...job }: WantedJob): Flags {
  const account = isAccount(stated) ? stated : 'ACCOUNT';
  const schedule = `--schedule='${job.schedule}'`;
  // The account is asked for wherever anything about the token changes.
  const token = `--oidc-service-account-email=${account} --oidc-token-audience=${audience}`;
  return {
    method: '--http-method=POST',
    address: `--uri=${uri}`,
    ...{ token, account: token, audience: token },
    // Saving a job once more is what brings it back from DISABLED and UPDATE_FAILED.
    ...{ schedule, state: schedule },
    'time zone': '--time-zone=Etc/UTC',
    deadline: `--attempt-deadline=${job.deadlineSeconds}s`,
    retries: `--max-retry-attempts=${job.retries}`,
  };
}
