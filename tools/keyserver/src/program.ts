import { Command, CommanderError } from 'commander';
import { addAttestationCheck } from './attestation/check.ts';
import { addAuditCheckpoint } from './audit/checkpoint.ts';
import { addAuditRestart } from './audit/restart.ts';
import { addAuditShow } from './audit/show.ts';
import { addAuditTrim } from './audit/trim.ts';
import { addAuditVerify } from './audit/verify.ts';
import { addAuthorityChanges } from './authority/change.ts';
import { addAuthorityKeys } from './authority/keys.ts';
import { addCertificateIssue } from './certificate/issue.ts';
import { addConfigApply } from './config/apply.ts';
import { addConfigImportReference } from './config/import-reference.ts';
import { addConfigShow } from './config/show.ts';
import { addCost } from './cost/cost.ts';
import { addDataExport } from './data/export.ts';
import { addDataImport } from './data/import.ts';
import { addDataVerify } from './data/verify.ts';
import { addDoctor } from './doctor/doctor.ts';
import { addExportInspect } from './export/inspect.ts';
import { addExportVerify } from './export/verify.ts';
import { addFederationReset } from './federation/reset.ts';
import { addFederationStatus } from './federation/status.ts';
import { addFederationTest } from './federation/test.ts';
import { CANNOT, CommandFault, sentenceOf } from './command-fault.ts';
import { addJobsChanges } from './jobs/change.ts';
import { addJobsCheck } from './jobs/check.ts';
import { addJobsList } from './jobs/list.ts';
import { addKeysDelete } from './keys/delete.ts';
import { addKeysRevoke } from './keys/revoke.ts';
import { exampleOf } from './options.ts';
import { addAbort, addBegin } from './lifecycle/close.ts';
import { addFinish } from './lifecycle/finish.ts';
import { addStatus } from './lifecycle/status.ts';
import { addReportVerify } from './lifecycle/verify.ts';
import { addWake } from './lifecycle/wake.ts';
import { addPause, addResume } from './pause/pause.ts';
import { addPublish } from './publish/publish.ts';
import { addStatsShow } from './stats/show.ts';
import { addStoreAdopt } from './store/adopt.ts';
import { addStoreRebuild } from './store/rebuild.ts';
import { addStoreSetWindow } from './store/set-window.ts';
import { addStoreTime } from './store/time.ts';
import type { CommandContext } from './terminal.ts';

/** Adds a command, or a group of them, to what it belongs to. */
type AddCommand = (to: Command, context: CommandContext) => void;

interface Group {
  readonly name: string;
  readonly description: string;
  readonly example: string;
  readonly commands: readonly AddCommand[];
}

const group =
  ({ name, description, example, commands }: Group): AddCommand =>
  (program, context) => {
    const added = program
      .command(name)
      .description(description)
      .addHelpText('after', exampleOf(example));
    for (const add of commands) add(added, context);
  };

const VERIFY = 'export verify http://127.0.0.1:8082/exports/v1/index.txt';

/** What the program can do, in the order of its help. */
const COMMANDS: readonly AddCommand[] = [
  group({
    name: 'export',
    description: 'Check and look into the files that phones download.',
    example: VERIFY,
    commands: [addExportVerify, addExportInspect],
  }),
  addDoctor,
  addCost,
  addPublish,
  group({
    name: 'certificate',
    description: 'Issue diagnosis certificates for tests.',
    example: 'certificate issue --keys-file request.json --json',
    commands: [addCertificateIssue],
  }),
  group({
    name: 'attestation',
    description: 'Explain attestations of devices to developers of applications.',
    example:
      'attestation check payload.txt --type devicecheck --policy policy.yaml --upload request.json',
    commands: [addAttestationCheck],
  }),
  group({
    name: 'authority',
    description: 'Look after the keys of health authorities.',
    example: 'authority keys',
    commands: [addAuthorityKeys, addAuthorityChanges],
  }),
  group({
    name: 'stats',
    description: 'Read statistics as a health authority does.',
    example: 'stats show --url http://127.0.0.1:8080',
    commands: [addStatsShow],
  }),
  group({
    name: 'config',
    description: 'Show and change what a server is configured to do.',
    example: 'config show > server.yaml',
    commands: [addConfigApply, addConfigShow, addConfigImportReference],
  }),
  group({
    name: 'audit',
    description: 'Show and check the record of what operators did.',
    example: 'audit show --since 2026-01-01T00:00:00Z',
    commands: [
      ...[addAuditShow, addAuditVerify, addAuditCheckpoint],
      ...[addAuditTrim, addAuditRestart],
    ],
  }),
  group({
    name: 'data',
    description: 'Move all data of a server to another machine or platform.',
    example: 'data export --data-dir /var/lib/keyserver --to ~/move',
    commands: [addDataExport, addDataImport, addDataVerify],
  }),
  group({
    name: 'federation',
    description: 'Look after what is fetched from other servers.',
    example: 'federation status',
    commands: [addFederationTest, addFederationStatus, addFederationReset],
  }),
  group({
    name: 'jobs',
    description: 'Look after the jobs that Cloud Scheduler starts.',
    example: 'jobs list --project my-project --location europe-west1',
    commands: [addJobsList, addJobsChanges, addJobsCheck],
  }),
  addPause,
  addResume,
  group({
    name: 'keys',
    description: 'Take back or delete stored keys.',
    example: 'keys revoke --from 2026-01-15T00:00:00Z --app org.example.app',
    commands: [addKeysRevoke, addKeysDelete],
  }),
  group({
    name: 'decommission',
    description: 'End a server for good: bring out the last keys, delete everything, prove it.',
    example: 'decommission begin',
    commands: [
      ...[addBegin('decommission'), addStatus('decommission'), addAbort('decommission')],
      ...[addFinish('decommission'), addReportVerify],
    ],
  }),
  group({
    name: 'hibernate',
    description: 'Empty a server that keeps its configuration and keys, until it is woken.',
    example: 'hibernate begin',
    commands: [
      ...[addBegin('hibernate'), addStatus('hibernate'), addAbort('hibernate')],
      addFinish('hibernate'),
    ],
  }),
  addWake,
  group({
    name: 'store',
    description: 'Look after the store as a whole.',
    example: 'store time show',
    commands: [addStoreTime, addStoreSetWindow, addStoreAdopt, addStoreRebuild],
  }),
];

/** Runs one command line, without the program's name, and gives the exit code. */
export async function run(argv: readonly string[], context: CommandContext): Promise<number> {
  try {
    await createProgram(context).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    return exitCodeOf(error, context);
  }
}

function exitCodeOf(error: unknown, { terminal }: CommandContext): number {
  // Commander has said what is wrong; asking for help is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : CANNOT;
  terminal.err(`keyserver: ${sentenceOf(error)}\n`);
  return error instanceof CommandFault ? error.exitCode : CANNOT;
}

function createProgram(context: CommandContext): Command {
  const { out, err } = context.terminal;
  const program = new Command('keyserver')
    .description('Checks, tries and configures an exposure notification key server.')
    .exitOverride()
    .configureOutput({
      writeOut: out,
      writeErr: err,
      outputError: (text, write) => {
        write(`keyserver: ${oneSentence(text)}\n`);
      },
    })
    .addHelpText('after', exampleOf(VERIFY));
  for (const add of COMMANDS) add(program, context);
  return program;
}

const oneSentence = (text: string): string =>
  text
    .trim()
    .replace(/^error: /, '')
    .replace(' is invalid. ', ' ')
    .replace('Allowed choices are', 'must be one of')
    .replaceAll(/\s*\n\s*/g, ' ');
