import {
  type CheckedJob,
  type JobDifference,
  type JobService,
  SCHEDULED_JOBS,
  type WantedJob,
  checkJobs,
  missingServices,
} from '@keyserver/scheduled-jobs';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandFault, FOUND } from '../command-fault.ts';
import { httpUrl } from '../options.ts';
import { counted, jsonText, printable, table } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { queryId } from '../federation/options.ts';
import { type JobsOptions, addJobsOptions, ownPlaceOf, placeOf, withScheduler } from './options.ts';

type ServiceUrls = ReadonlyMap<JobService, string>;

interface CheckOptions extends JobsOptions {
  readonly serviceUrl: ServiceUrls;
  readonly serviceAccount?: string;
  readonly query: readonly string[];
}

/** `jobs check`: compares what is scheduled with what the deployment needs. */
export function addJobsCheck(jobs: Command, context: CommandContext): void {
  addJobsOptions(jobs.command('check'))
    .description('Check that every job there must be exists, is enabled, and is as it must be.')
    .requiredOption(
      '--service-url <service=url>',
      'the root address of a service, which is also the audience of its tokens; once per service',
      serviceUrl,
    )
    .option('--service-account <email>', 'the account that the jobs must run as', email)
    .option(
      '--query <id>',
      'a federation query, which needs a job of its own; once per query',
      (id: string, before: readonly string[]) => [...before, queryId(id)],
      [],
    )
    .addHelpText('after', EXAMPLE)
    .action(async (options: CheckOptions) => {
      report(await check(options, context), options, context);
    });
}

const EXAMPLE = `
The exit code is 1 when a job is missing or different and 2 when the check could not be made.

Example:
  $ keyserver jobs check --project my-project --location europe-west1 \\
      --service-url export=https://export-abc123-ew.a.run.app \\
      --service-url cleanup=https://cleanup-abc123-ew.a.run.app \\
      --service-url trust=https://trust-abc123-ew.a.run.app`;

async function check(
  options: CheckOptions,
  context: CommandContext,
): Promise<readonly CheckedJob[]> {
  const { serviceUrl: urls, serviceAccount: account, prefix, query: queries } = options;
  const deployment = { urls, prefix, account, queries };
  const [missing] = missingServices(deployment);
  if (missing !== undefined) throw new CommandFault(`give --service-url ${missing}=URL too`);
  return await withScheduler(options, context, async (scheduler) =>
    checkJobs(deployment, await scheduler.list()),
  );
}

function report(
  checked: readonly CheckedJob[],
  options: CheckOptions,
  { terminal }: CommandContext,
): void {
  const bad = checked.filter(({ differences }) => differences.length > 0).length;
  terminal.out(
    options.json === true ? jsonText(forMachines(checked, options)) : render(checked, options),
  );
  if (bad > 0)
    throw new CommandFault(`${bad} of ${counted(checked.length, 'job')} must be mended`, FOUND);
}

function render(checked: readonly CheckedJob[], options: CheckOptions): string {
  const rows = checked.map(({ job, differences }) => [
    job.name.slice(options.prefix.length),
    differences.length === 0 ? 'ok' : counted(differences.length, 'difference'),
  ]);
  const lines = checked.flatMap(({ job, differences }) =>
    differences.map((difference) => {
      const { aspect, wanted, found } = difference;
      const which = `${job.name.slice(options.prefix.length)}: ${aspect}`;
      return `${which}: wanted ${wanted}, found ${printable(found)}; mend it with: ${repairCommand(job, difference, options)}\n`;
    }),
  );
  return table(['JOB', 'VERDICT'], rows) + lines.join('');
}

const forMachines = (checked: readonly CheckedJob[], options: CheckOptions): object => ({
  jobs: checked.map(({ job, differences }) => ({
    name: job.name.slice(options.prefix.length),
    differences: differences.map((difference) => ({
      ...difference,
      mend: repairCommand(job, difference, options),
    })),
  })),
});

function serviceUrl(text: string, before: ServiceUrls = new Map()): ServiceUrls {
  const [, name = '', address = ''] = /^([a-z-]+)=(.*)$/.exec(text) ?? [];
  if (!isService(name))
    throw new InvalidArgumentError(`must be SERVICE=URL; services with jobs are ${SERVICES}`);
  const { href, origin } = httpUrl(address);
  if (href !== `${origin}/`)
    throw new InvalidArgumentError('must end in an address without a path');
  return new Map(before).set(name, origin);
}

const SERVICES = Object.keys(SCHEDULED_JOBS).join(', ');
const isService = (name: string): name is JobService => Object.hasOwn(SCHEDULED_JOBS, name);

function email(text: string): string {
  if (/^[\w.+-]+@[\w.-]+$/.test(text)) return text;
  throw new InvalidArgumentError('must be an e-mail address');
}

/** The command that an operator runs to repair a difference. */
function repairCommand(job: WantedJob, difference: JobDifference, options: JobsOptions): string {
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
