import {
  ADVICE_NAMES,
  type AdviceName,
  type ApplyOutcome,
  type Configuration,
  type Problem,
  type SigningPlatform,
  applyConfiguration,
  parseConfiguration,
  planChanges,
} from '@keyserver/configuration';
import { type Command, InvalidArgumentError } from 'commander';
import { readTextFile } from '../bounded-read.ts';
import { CommandFault } from '../command-fault.ts';
import { type KeyFlags, withKeys } from '../open-keys.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf, standInOption } from '../options.ts';
import { counted, jsonText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import type { OpenStore } from '../wiring.ts';
import { type ApplyFlags, agree } from './agree.ts';
import { type Planned, plannedFor } from './render-plan.ts';

const MAX_FILE_BYTES = 8_000_000;

/** `config apply`: shows what a file would change, asks, and applies it in one audited step. */
export function addConfigApply(config: Command, context: CommandContext): void {
  addStoreOptions(config.command('apply'), context.dataDirectory)
    .description('Show what a configuration file would change, ask, and apply it.')
    .argument('<file>', 'the configuration file (YAML)')
    .option('--yes', 'apply without asking')
    .option(
      '--yes-really <name>',
      'apply in spite of what speaks against it under this name; may be repeated',
      adviceNames,
    )
    .addOption(standInOption('kms-endpoint', 'a stand-in for Cloud KMS', '--project'))
    .option('--dry-run', 'only show the changes')
    .option('--json', 'print the changes as JSON')
    .addHelpText('after', exampleOf('config apply server.yaml --dry-run'))
    .action(async (file: string, flags: ApplyFlags & StoreFlags & KeyFlags) => {
      const wanted = await readConfiguration(file, context);
      const opened = await openStore(flags, context, { mayBeNew: 'store' });
      try {
        await withKeys(opened, flags, context, async (signing) => {
          await applyTo({ store: opened.store, signing }, wanted, flags, context);
        });
      } finally {
        await opened.close();
      }
    });
}

function adviceNames(text: string, before: readonly AdviceName[] = []): readonly AdviceName[] {
  const name = ADVICE_NAMES.find((known) => known === text);
  if (name === undefined)
    throw new InvalidArgumentError(`must be one of ${ADVICE_NAMES.join(', ')}`);
  return [...before, name];
}

async function readConfiguration(file: string, context: CommandContext): Promise<Configuration> {
  const parsed = parseConfiguration(await readTextFile(file, MAX_FILE_BYTES));
  if (parsed.kind === 'configuration') return parsed.value;
  throw refusal(parsed.problems, file, context);
}

/** Lists every problem, and gives the failure that ends the command. */
function refusal(
  problems: readonly Problem[],
  source: string,
  { terminal }: CommandContext,
): CommandFault {
  for (const { path, message } of problems)
    terminal.err(`  ${path === '' ? message : `${path} ${message}`}\n`);
  return new CommandFault(`${source} is refused: ${counted(problems.length, 'problem')}`);
}

async function applyTo(
  {
    store,
    signing,
  }: Pick<OpenStore, 'store'> & {
    readonly signing: SigningPlatform | undefined;
  },
  wanted: Configuration,
  flags: ApplyFlags,
  context: CommandContext,
): Promise<void> {
  const plan = await planChanges(store, wanted, signing);
  if (plan.kind === 'refused') throw refusal(plan.problems, 'this configuration', context);
  const agreed = await agree(plan, flags, context);
  const outcome = agreed
    ? await applyConfiguration(store, wanted, {
        actor: context.user,
        random: context.random,
        basis: plan.basis,
      })
    : undefined;
  report(plan, outcome, { flags, context });
}

function report(
  plan: Planned,
  outcome: ApplyOutcome | undefined,
  { flags, context }: { flags: ApplyFlags; context: CommandContext },
): void {
  if (outcome?.kind === 'stale')
    throw new CommandFault('nothing was applied: the configuration changed meanwhile; look again');
  if (outcome?.kind === 'refused') throw refusal(outcome.problems, 'this configuration', context);
  const applied = outcome?.kind === 'applied';
  if (flags.json === true) context.terminal.out(jsonText({ applied, ...plannedFor(plan) }));
  else if (applied) context.terminal.out(`Applied ${counted(plan.changes.length, 'change')}.\n`);
}
