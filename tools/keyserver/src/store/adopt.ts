import { type ExaminedPart, adoptParts, examineParts } from '@keyserver/operations';
import { openStoreFormat } from '@keyserver/stores';
import type { Command } from 'commander';
import { exampleOf } from '../options.ts';
import { counted, table } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type OpenedParts, type PartsFlags, addPartsOptions, openParts } from './parts.ts';

interface AdoptFlags extends PartsFlags {
  readonly yes?: true;
}

/** `store adopt`: shows whether database, keys and buckets belong together, and takes them for one store. */
export function addStoreAdopt(group: Command, context: CommandContext): void {
  addPartsOptions(group.command('adopt'), context.dataDirectory)
    .description(
      'Show whether database, keys and buckets belong together; with --yes take what is there for one store from now on. Stop the services first.',
    )
    .option('--yes', 'do it, instead of showing what would be done')
    .addHelpText('after', exampleOf('store adopt --data-dir /var/lib/keyserver --yes'))
    .action(async (flags: AdoptFlags) => {
      const opened = await openParts(flags, context);
      try {
        await adopt(opened, flags, context);
      } finally {
        await opened.close();
      }
    });
}

async function adopt(
  opened: OpenedParts,
  flags: AdoptFlags,
  context: CommandContext,
): Promise<void> {
  const { store, storeId, missingCommits } = opened;
  const { out } = context.terminal;
  const parts = await examineParts(store, storeId ?? '', opened.parts);
  out(table(['PART', 'STATE'], rowsOf(parts, storeId)));
  if (missingCommits > 0)
    out(
      `The database lacks the last ${counted(missingCommits, 'commit')} that were acknowledged.\n`,
    );
  if (storeId !== undefined && missingCommits === 0 && isWhole(parts)) {
    out('All parts belong together; there is nothing to do.\n');
    return;
  }
  if (flags.yes !== true) {
    out('Nothing was changed. --yes takes these parts for one store, as they are.\n');
    return;
  }
  const { place, keyHashSecret, acceptDatabase } = opened;
  const known = { place, ...(keyHashSecret === undefined ? {} : { keyHashSecret }) };
  const format = await openStoreFormat(store, known, context.random);
  await adoptParts(store, parts, {
    ...{ storeId: format.storeId, missingCommits },
    ...{ actor: context.user, random: context.random },
  });
  acceptDatabase();
  out('Database, keys and buckets are one store from now on.\n');
}

const isWhole = (parts: readonly ExaminedPart[]): boolean =>
  parts.every(({ state }) => state === 'present');

const STATE_TEXT = {
  present: 'carries the id of the database',
  new: 'carries no id yet',
  gone: 'carries no id any more',
  foreign: 'carries the id of another store',
} as const;

const rowsOf = (parts: readonly ExaminedPart[], storeId: string | undefined) => [
  ['database', storeId === undefined ? 'carries no id yet' : `has the id ${storeId}`],
  ...parts.map(({ part, state }) => [part.name, STATE_TEXT[state]]),
];
