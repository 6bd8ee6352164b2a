import type { Command } from 'commander';
import type { DocumentStore } from '@keyserver/docstore';
import {
  type ApplyOutcome,
  type Configuration,
  type Plan,
  type Problem,
  applyConfiguration,
  parseConfiguration,
  planChanges,
} from '@keyserver/operations';
import { type StoreFlags, addStoreOptions, openStore } from './data-store.ts';
import { Failure } from './failure.ts';
import { readTextFile } from './files.ts';
import { renderChanges } from './render-changes.ts';
import type { Surroundings } from './surroundings.ts';
import { counted, jsonText } from './table.ts';

interface ApplyFlags extends StoreFlags {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

const MAX_FILE_BYTES = 8_000_000;

/** `config apply`: shows what a file would change, asks, and applies it in one audited step. */
export function addConfigApply(config: Command, around: Surroundings): void {
  addStoreOptions(config.command('apply'), around.dataDirectory)
    .description('Show what a configuration file would change, ask, and apply it.')
    .argument('<file>', 'the configuration file (YAML)')
    .option('--yes', 'apply without asking')
    .option('--dry-run', 'only show the changes')
    .option('--json', 'print the changes as JSON')
    .addHelpText('after', '\nExample:\n  $ keyserver config apply server.yaml --dry-run')
    .action(async (file: string, flags: ApplyFlags) => {
      const wanted = await readConfiguration(file, around);
      const { store, close } = await openStore(flags, around, { mayBeNew: 'store' });
      try {
        await applyTo(store, wanted, flags, around);
      } finally {
        await close();
      }
    });
}

async function readConfiguration(file: string, around: Surroundings): Promise<Configuration> {
  const parsed = parseConfiguration(await readTextFile(file, MAX_FILE_BYTES));
  if (parsed.kind === 'configuration') return parsed.value;
  throw refusal(parsed.problems, file, around);
}

/** Lists every problem, and gives the failure that ends the command. */
function refusal(problems: readonly Problem[], of: string, { terminal }: Surroundings): Failure {
  for (const { path, message } of problems)
    terminal.err(`  ${path === '' ? message : `${path} ${message}`}\n`);
  return new Failure(`${of} is refused: ${counted(problems.length, 'problem')}`);
}

async function applyTo(
  store: DocumentStore,
  wanted: Configuration,
  flags: ApplyFlags,
  around: Surroundings,
): Promise<void> {
  const plan = await planChanges(store, wanted);
  if (plan.kind === 'refused') throw refusal(plan.problems, 'this configuration', around);
  const agreed = await agree(plan, flags, around);
  const outcome = agreed
    ? await applyConfiguration(store, wanted, {
        actor: around.user,
        random: around.random,
        basis: plan.basis,
      })
    : undefined;
  report(plan, outcome, { flags, around });
}

type Planned = Extract<Plan, { kind: 'planned' }>;

/** Shows the changes and finds out whether they are to be made. */
async function agree(
  plan: Planned,
  flags: ApplyFlags,
  { terminal }: Surroundings,
): Promise<boolean> {
  if (flags.json !== true) terminal.out(renderChanges(plan.changes));
  if (flags.dryRun === true || plan.changes.length === 0) return false;
  if (flags.yes === true) return true;
  if (!terminal.interactive)
    throw new Failure('nobody is here to be asked; give --yes to apply or --dry-run to look');
  if (await terminal.ask(`Apply ${counted(plan.changes.length, 'change')}?`)) return true;
  throw new Failure('nothing was applied');
}

function report(
  plan: Planned,
  outcome: ApplyOutcome | undefined,
  { flags, around }: { flags: ApplyFlags; around: Surroundings },
): void {
  if (outcome?.kind === 'stale')
    throw new Failure('nothing was applied: the configuration changed meanwhile; look again');
  if (outcome?.kind === 'refused') throw refusal(outcome.problems, 'this configuration', around);
  const applied = outcome?.kind === 'applied';
  if (flags.json === true) around.terminal.out(jsonText({ applied, changes: plan.changes }));
  else if (applied) around.terminal.out(`Applied ${counted(plan.changes.length, 'change')}.\n`);
}
