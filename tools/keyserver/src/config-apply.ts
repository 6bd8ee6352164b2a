import { type Command, InvalidArgumentError } from 'commander';
import type { DocumentStore } from '@keyserver/docstore';
import {
  ADVICE_NAMES,
  type AdviceName,
  type ApplyOutcome,
  type Configuration,
  type Problem,
  applyConfiguration,
  parseConfiguration,
  planChanges,
} from '@keyserver/operations';
import { type ApplyFlags, type Planned, agree, plannedFor } from './config-agree.ts';
import { type StoreFlags, addStoreOptions, openStore } from './data-store.ts';
import { Failure } from './failure.ts';
import { readTextFile } from './files.ts';
import type { Surroundings } from './surroundings.ts';
import { counted, jsonText } from './table.ts';

const MAX_FILE_BYTES = 8_000_000;

/** `config apply`: shows what a file would change, asks, and applies it in one audited step. */
export function addConfigApply(config: Command, around: Surroundings): void {
  addStoreOptions(config.command('apply'), around.dataDirectory)
    .description('Show what a configuration file would change, ask, and apply it.')
    .argument('<file>', 'the configuration file (YAML)')
    .option('--yes', 'apply without asking')
    .option(
      '--yes-really <name>',
      'apply in spite of what speaks against it under this name; may be repeated',
      adviceNames,
    )
    .option('--dry-run', 'only show the changes')
    .option('--json', 'print the changes as JSON')
    .addHelpText('after', '\nExample:\n  $ keyserver config apply server.yaml --dry-run')
    .action(async (file: string, flags: ApplyFlags & StoreFlags) => {
      const wanted = await readConfiguration(file, around);
      const { store, close } = await openStore(flags, around, { mayBeNew: 'store' });
      try {
        await applyTo(store, wanted, flags, around);
      } finally {
        await close();
      }
    });
}

function adviceNames(text: string, before: readonly AdviceName[] = []): readonly AdviceName[] {
  const name = ADVICE_NAMES.find((known) => known === text);
  if (name === undefined)
    throw new InvalidArgumentError(`must be one of ${ADVICE_NAMES.join(', ')}`);
  return [...before, name];
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

function report(
  plan: Planned,
  outcome: ApplyOutcome | undefined,
  { flags, around }: { flags: ApplyFlags; around: Surroundings },
): void {
  if (outcome?.kind === 'stale')
    throw new Failure('nothing was applied: the configuration changed meanwhile; look again');
  if (outcome?.kind === 'refused') throw refusal(outcome.problems, 'this configuration', around);
  const applied = outcome?.kind === 'applied';
  if (flags.json === true) around.terminal.out(jsonText({ applied, ...plannedFor(plan) }));
  else if (applied) around.terminal.out(`Applied ${counted(plan.changes.length, 'change')}.\n`);
}
