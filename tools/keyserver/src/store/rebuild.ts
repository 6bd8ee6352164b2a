import { INDEX_MAX_AGE_SECONDS } from '@keyserver/export-file';
import { auditAhead } from '@keyserver/stores';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { exampleOf, standInOption, wholeNumber } from '../options.ts';
import { withProgress } from '../progress.ts';
import { counted, table } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type Damage, type FileRebuild, type Rebuilt, openRebuild } from '../wiring.ts';
import { type OpenedParts, type PartsFlags, addPartsOptions, openParts } from './parts.ts';

interface RebuildFlags extends PartsFlags {
  readonly kmsEndpoint?: string;
  readonly exportRetentionHours: number;
  readonly indexMaxAgeSeconds: number;
  readonly keyRetentionHours: number;
  readonly yes?: true;
}

const WHATS = ['files', 'array-index'];
const HOURS = { min: 240, max: 720 };

/** `store rebuild`: makes anew what is derived from the documents, after it has shown what that is. */
export function addStoreRebuild(group: Command, context: CommandContext): void {
  addPartsOptions(group.command('rebuild'), context.dataDirectory)
    .description(
      'Make anew what is derived: `files` (archives that are gone, keys.json and index.txt of every export) or `array-index` (on one machine). Shows what it would do; --yes does it.',
    )
    .argument('<what>', WHATS.join(' or '))
    .addOption(
      standInOption('kms-endpoint', 'a stand-in for Cloud KMS', 'the two others').conflicts(
        'dataDir',
      ),
    )
    .option(
      '--export-retention-hours <hours>',
      'EXPORT_RETENTION_HOURS of the export service',
      wholeNumber(HOURS),
      336,
    )
    .option(
      '--key-retention-hours <hours>',
      'KEY_RETENTION_HOURS of the services',
      wholeNumber(HOURS),
      336,
    )
    .option(
      '--index-max-age-seconds <seconds>',
      'INDEX_MAX_AGE_SECONDS of the export service',
      wholeNumber(INDEX_MAX_AGE_SECONDS),
      INDEX_MAX_AGE_SECONDS.default,
    )
    .option('--yes', 'do it, instead of showing what would be done')
    .addHelpText('after', exampleOf('store rebuild files --yes'))
    .action(async (what: string, flags: RebuildFlags) => {
      if (!WHATS.includes(what)) throw new CommandFault(`${what} is not ${WHATS.join(' or ')}`);
      if ((flags.endpoint === undefined) !== (flags.kmsEndpoint === undefined))
        throw new CommandFault(
          '--endpoint and --kms-endpoint go together: files of a stand-in are signed by one',
        );
      const opened = await openParts(flags, context);
      try {
        if (opened.storeId === undefined || opened.missingCommits > 0)
          throw new CommandFault(
            'the parts do not belong together: see `keyserver store adopt` first',
          );
        if (what === 'files') await rebuildAllFiles(opened, flags, context);
        else await rebuildIndex(opened, flags, context);
      } finally {
        await opened.close();
      }
    });
}

async function rebuildAllFiles(
  opened: OpenedParts,
  flags: RebuildFlags,
  context: CommandContext,
): Promise<void> {
  const rebuild = await openRebuild(opened, { ...flags, ...context });
  try {
    await showAndMend(rebuild, flags, context);
  } finally {
    await rebuild.close();
  }
}

async function showAndMend(
  rebuild: FileRebuild,
  flags: RebuildFlags,
  context: CommandContext,
): Promise<void> {
  const { terminal, user: actor } = context;
  const { out } = terminal;
  const damage = await withProgress(
    context,
    async (tell) =>
      await rebuild.find((batches) => {
        tell(`batches whose files were looked at: ${batches}`);
      }),
  );
  out(table(['BUCKET', 'OBJECT', 'STATE', 'MEND'], rowsOf(damage)));
  if (flags.yes !== true) {
    out('Nothing was changed. --yes does what the last column says.\n');
    return;
  }
  const { madeAnew, unlisted } = await withProgress(context, async (tell) => {
    const mended = (sofar: Rebuilt): void => {
      tell(`${counted(sofar.madeAnew, 'archive')} made anew so far, ${sofar.unlisted} unlisted`);
    };
    return await rebuild.mend(damage, { actor, mended });
  });
  out(`Made ${counted(madeAnew, 'archive')} anew and unlisted ${unlisted}.\n`);
  out('Every keys.json and index.txt is up to date.\n');
}

const rowsOf = ({ batches, documents }: Damage) => [
  ...batches.flatMap(({ batch, files, whyNot }) =>
    files.map(({ name, problem }) => [
      batch.config.bucket,
      name,
      problem,
      whyNot === undefined ? 'is made anew' : `is unlisted (${whyNot})`,
    ]),
  ),
  ...documents.map(({ bucket, name, problem }) => [bucket, name, problem, 'is written anew']),
];

async function rebuildIndex(
  { store, rebuildArrayIndex, checkArrayIndex }: OpenedParts,
  flags: RebuildFlags,
  { terminal: { out }, user: actor, random }: CommandContext,
): Promise<void> {
  if (rebuildArrayIndex === undefined || checkArrayIndex === undefined)
    throw new CommandFault('only a store on one machine has an array index of its own');
  if (flags.yes !== true) {
    out(`${stateOf(checkArrayIndex())}\n`);
    out('It would be made anew from all documents. --yes does it; writers wait.\n');
    return;
  }
  const changes = [{ action: 'change', section: 'array-index', id: 'store', fields: [] }] as const;
  await auditAhead(store, { actor, operation: 'store.rebuild', changes }, random);
  const entries = rebuildArrayIndex();
  out(`Made the array index anew: ${String(entries)} ${entries === 1 ? 'entry' : 'entries'}.\n`);
}

function stateOf(check: ReturnType<NonNullable<OpenedParts['checkArrayIndex']>>): string {
  if (check === 'unreadable') return 'The array index cannot be read.';
  const { missing, stray } = check;
  if (missing === 0 && stray === 0) return 'The array index agrees with the documents.';
  return `The array index lacks ${String(missing)} entries and has ${String(stray)} too many.`;
}
