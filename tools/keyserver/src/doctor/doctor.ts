import { ALL_CHECKS, type Check, type Examined, examine, gravityOf } from '@keyserver/doctor';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { DEFAULT_PREFIX, jobLocation, jobPrefix } from '../jobs/options.ts';
import { exampleOf, httpUrl, standInOption, wholeNumber } from '../options.ts';
import { type PartsFlags, addPartsOptions } from '../store/parts.ts';
import type { CommandContext } from '../terminal.ts';
import { type DoctorPlace, patientAt } from './patient.ts';
import { complaintsOf, examinedJson, renderExamined } from './render.ts';
import { SERVICE_NAMES } from './settings.ts';

interface DoctorFlags extends PartsFlags {
  readonly platform?: 'local' | 'gcp';
  readonly location?: string;
  readonly prefix: string;
  readonly schedulerEndpoint?: string;
  readonly serviceUrl: ReadonlyMap<string, string>;
  readonly filesUrl?: string;
  readonly checksADay: number;
  readonly only: readonly string[];
  readonly json?: true;
}

/** `doctor`: looks at everything that can be wrong with a server, and says what, why it matters and how to mend it. */
export function addDoctor(program: Command, context: CommandContext): void {
  addPartsOptions(program.command('doctor'), context.dataDirectory)
    .description(
      'Look at everything that can be wrong with a server. Says what is wrong, why it matters and how to mend it, and changes nothing. Run it in the environment of the services.',
    )
    .addOption(
      new Option('--platform <platform>', 'local or gcp; PLATFORM, or gcp with --project').choices([
        'local',
        'gcp',
      ]),
    )
    .addOption(
      standInOption('kms-endpoint', 'a stand-in for Cloud KMS', '--project').conflicts('dataDir'),
    )
    .addOption(
      standInOption('scheduler-endpoint', 'a stand-in for Cloud Scheduler', '--project').conflicts(
        'dataDir',
      ),
    )
    .option('--location <region>', 'where the jobs of Cloud Scheduler are', jobLocation)
    .option('--prefix <text>', 'how the ids of its jobs begin', jobPrefix, DEFAULT_PREFIX)
    .addOption(
      new Option('--service-url <service=url>', 'the root address of a service; once per service')
        .argParser(serviceUrl)
        .default(new Map<string, string>(), 'those of the launcher'),
    )
    .option(
      '--files-url <url>',
      'where phones fetch files; {bucket} in it stands for the name of the bucket',
      filesUrl,
    )
    .option(
      '--checks-a-day <n>',
      'how often a day your apps look for new files',
      wholeNumber({ min: 1, max: 96 }),
      6,
    )
    .option('--only <check>', 'make this check alone; may be repeated', collectCheck, [])
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: DoctorFlags) => {
      report(await examineAt(placeOf(flags, context), flags, context), flags, context);
    });
}

const EXAMPLES = `
The exit code is 0 when all is well, 1 when there are only warnings, 3 when something fails, and 2 when the command line is wrong.
${exampleOf('doctor')}
  $ keyserver doctor --project my-project --location europe-west1 \\
      --service-url publish=https://keys.example.org --files-url https://files.example.org`;

/** The exit codes of what was found; 2 is left to what is wrong with the command line. */
const EXIT = { well: 0, warned: 1, ill: 3 } as const;

async function examineAt(
  place: DoctorPlace,
  { only }: DoctorFlags,
  context: CommandContext,
): Promise<readonly Examined[]> {
  const checks = only.length === 0 ? ALL_CHECKS : ALL_CHECKS.filter(({ id }) => only.includes(id));
  const { patient, close } = await patientAt(place, context);
  try {
    return await examine(checks, patient);
  } finally {
    await close();
  }
}

function report(
  outcomes: readonly Examined[],
  { json }: DoctorFlags,
  { terminal }: CommandContext,
): void {
  terminal.out(
    json === true ? examinedJson(outcomes) : renderExamined(outcomes, terminal.colours === true),
  );
  const exitCode = EXIT[gravityOf(outcomes)];
  if (exitCode !== 0)
    throw new CommandFault(`the doctor found ${complaintsOf(outcomes)}`, exitCode);
}

/** What the options and the environment say together. */
function placeOf(
  flags: DoctorFlags,
  { dataDirectory, environment = {} }: CommandContext,
): DoctorPlace {
  const { serviceUrl: serviceUrls, filesUrl: files, prefix, checksADay, location } = flags;
  const platform = flags.platform ?? usualPlatform(flags, environment);
  const project = platform === 'gcp' ? projectOf(flags, environment) : '';
  if (platform === 'local' && flags.project !== undefined)
    throw new CommandFault('--project goes with --platform gcp');
  return {
    ...{ platform, project, prefix, checksADay, serviceUrls, filesUrl: files, location },
    dataDir: flags.dataDir ?? dataDirectory,
    database: flags.database ?? databaseIn(environment),
    ...standInsOf(flags),
  };
}

type Environment = NonNullable<CommandContext['environment']>;

const usualPlatform = ({ project }: DoctorFlags, environment: Environment): 'local' | 'gcp' =>
  project !== undefined || environment['PLATFORM'] === 'gcp' ? 'gcp' : 'local';

function projectOf({ project }: DoctorFlags, { GCP_PROJECT: told = '' }: Environment): string {
  const id = project ?? told;
  if (id === '') throw new CommandFault('give --project, or set GCP_PROJECT');
  return id;
}

function databaseIn({ FIRESTORE_DATABASE: told = '' }: Environment): string | undefined {
  return told === '' ? undefined : told;
}

/** A stand-in of one product goes with those of the others: a store of a stand-in has no buckets in the cloud. */
function standInsOf(
  flags: DoctorFlags,
): Pick<DoctorPlace, 'endpoint' | 'storageEndpoint' | 'kmsEndpoint' | 'schedulerEndpoint'> {
  const { endpoint, storageEndpoint, kmsEndpoint, schedulerEndpoint } = flags;
  const all = [endpoint, storageEndpoint, kmsEndpoint];
  if (all.includes(undefined) && all.some((one) => one !== undefined))
    throw new CommandFault('--endpoint, --storage-endpoint and --kms-endpoint go together');
  return { endpoint, storageEndpoint, kmsEndpoint, schedulerEndpoint };
}

function serviceUrl(text: string, before: ReadonlyMap<string, string>): Map<string, string> {
  const [, name = '', address = ''] = /^([a-z-]+)=(.*)$/.exec(text) ?? [];
  if (!SERVICE_NAMES.some((one) => one === name))
    throw new InvalidArgumentError(`must be SERVICE=URL; services are ${SERVICE_NAMES.join(', ')}`);
  const { href, origin } = httpUrl(address);
  if (href !== `${origin}/`)
    throw new InvalidArgumentError('must end in an address without a path');
  return new Map(before).set(name, origin);
}

function filesUrl(text: string): string {
  const { href } = httpUrl(text.replace('{bucket}', 'bucket'));
  if (href.includes('?') || href.includes('#'))
    throw new InvalidArgumentError('must be an address without a query');
  return text;
}

function collectCheck(text: string, before: readonly string[]): readonly string[] {
  if (ALL_CHECKS.some(({ id }: Check) => id === text)) return [...before, text];
  throw new InvalidArgumentError('must be the name of a check; docs/doctor.md lists them');
}
