import { deleteKeys } from '@keyserver/operations';
import type { Command } from 'commander';
import { openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { withProgress } from '../progress.ts';
import { counted } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type RangeFlags, addRangeOptions, rangeOf, showSurvey, tellDay } from './range.ts';

/** `keys delete`: deletes keys that nobody has begun to count for a file, with their revisions; with `--yes` only. */
export function addKeysDelete(keys: Command, context: CommandContext): void {
  addRangeOptions(keys.command('delete'), context)
    .description(
      'Delete keys that nobody has seen yet, with all their revisions, for good. Shows counts unless --yes is given. Pause the app first: its phones would send them again. May be run again after it was stopped.',
    )
    .addHelpText(
      'after',
      exampleOf('keys delete --from 2026-01-15T12:00:00Z --app org.example.app --yes'),
    )
    .action(async (flags: RangeFlags) => {
      const opened = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        await remove(opened, flags, context);
      } finally {
        await opened.close();
      }
    });
}

async function remove(
  opened: Parameters<typeof rangeOf>[0],
  flags: RangeFlags,
  context: CommandContext,
): Promise<void> {
  const { terminal, user: actor, random } = context;
  const { place, range } = await rangeOf(opened, flags);
  await showSurvey(place, range, terminal);
  if (flags.yes !== true) {
    terminal.out('Nothing was changed. --yes deletes what nobody has seen.\n');
    return;
  }
  const done = await withProgress(
    context,
    async (tell) => await deleteKeys(place, range, { actor, random, onProgress: tellDay(tell) }),
  );
  terminal.out(
    `Deleted ${counted(done.keys, 'key')} in ${counted(done.documents, 'document')}, and ${counted(done.revisions, 'revision')} of them.\n`,
  );
  if (done.kept > 0)
    terminal.out(`${counted(done.kept, 'document')} stayed: they are being counted for files.\n`);
}
