import {
  type JobService,
  type CheckedJob,
  SCHEDULED_JOBS,
  checkJobs,
  missingServices,
} from '@keyserver/scheduled-jobs';
import { type Command, InvalidArgumentError } from 'commander';
import { FOUND, CommandFault } from '../failure.ts';
import { mendOf } from './jobs-mend.ts';
import { type JobsOptions, addJobsOptions, withScheduler } from './jobs-options.ts';
import { httpUrl } from '../option-values.ts';
import { printable } from '../printable.ts';
import type { Surroundings } from '../surroundings.ts';
import { counted, jsonText, table } from '../table.ts';

type ServiceUrls = ReadonlyMap<JobService, string>;

interface CheckOptions extends JobsOptions {
  readonly serviceUrl: ServiceUrls;
  readonly serviceAccount?: string;
}

/** `jobs check`: holds what is scheduled against what the deployment needs. */
export function addJobsCheck(jobs: Command, around: Surroundings): void {
  addJobsOptions(jobs.command('check'))
    .description('Check that every job there must be exists, is enabled, and is as it must be.')
    .requiredOption(
      '--service-url <service=url>',
      'the root address of a service, which is also the audience of its tokens; once per service',
      serviceUrl,
    )
    .option('--service-account <email>', 'the account that the jobs must run as', email)
    .addHelpText('after', EXAMPLE)
    .action(async (options: CheckOptions) => {
      report(await check(options, around), options, around);
    });
}

const EXAMPLE = `
The exit code is 1 when a job is missing or different and 2 when the check could not be made.

Example:
  $ keyserver jobs check --project my-project --location europe-west1 \\
      --service-url export=https://export-abc123-ew.a.run.app`;

async function check(options: CheckOptions, around: Surroundings): Promise<readonly CheckedJob[]> {
  const { serviceUrl: urls, serviceAccount: account, prefix } = options;
  const deployment = { urls, prefix, account };
  const [missing] = missingServices(deployment);
  if (missing !== undefined) throw new CommandFault(`give --service-url ${missing}=URL too`);
  return await withScheduler(options, around, async (of) => checkJobs(deployment, await of.list()));
}

function report(
  verdicts: readonly CheckedJob[],
  options: CheckOptions,
  { terminal }: Surroundings,
): void {
  const bad = verdicts.filter(({ differences }) => differences.length > 0).length;
  terminal.out(
    options.json === true ? jsonText(forMachines(verdicts, options)) : render(verdicts, options),
  );
  if (bad > 0)
    throw new CommandFault(`${bad} of ${counted(verdicts.length, 'job')} must be mended`, FOUND);
}

function render(verdicts: readonly CheckedJob[], options: CheckOptions): string {
  const rows = verdicts.map(({ job, differences }) => [
    job.name.slice(options.prefix.length),
    differences.length === 0 ? 'ok' : counted(differences.length, 'difference'),
  ]);
  const lines = verdicts.flatMap(({ job, differences }) =>
    differences.map((difference) => {
      const { aspect, wanted, found } = difference;
      const which = `${job.name.slice(options.prefix.length)}: ${aspect}`;
      return `${which}: wanted ${wanted}, found ${printable(found)}; mend it with: ${mendOf(job, difference, options)}\n`;
    }),
  );
  return table(['JOB', 'VERDICT'], rows) + lines.join('');
}

const forMachines = (verdicts: readonly CheckedJob[], options: CheckOptions): object => ({
  jobs: verdicts.map(({ job, differences }) => ({
    name: job.name.slice(options.prefix.length),
    differences: differences.map((difference) => ({
      ...difference,
      mend: mendOf(job, difference, options),
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
