import { revokeKeys } from '@keyserver/operations';
import { CoverageFault, rememberedWindows } from '@keyserver/stores';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { withProgress } from '../progress.ts';
import { counted } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type RangeFlags, addRangeOptions, rangeOf, showSurvey, tellDay } from './range.ts';

/** `keys revoke`: takes keys back that are in files, whatever they were; with `--yes` only. */
export function addKeysRevoke(keys: Command, context: CommandContext): void {
  addRangeOptions(keys.command('revoke'), context)
    .description(
      'Take back keys that are in files: each is listed as REVOKED in the next one, and generated keys with them. Shows counts unless --yes is given. May be run again after it was stopped.',
    )
    .addHelpText(
      'after',
      exampleOf('keys revoke --from 2026-01-15T00:00:00Z --app org.example.app --yes'),
    )
    .action(async (flags: RangeFlags) => {
      const opened = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        await revoke(opened, flags, context);
      } finally {
        await opened.close();
      }
    });
}

async function revoke(
  opened: Parameters<typeof rangeOf>[0],
  flags: RangeFlags,
  context: CommandContext,
): Promise<void> {
  const { terminal, user: actor, random, clock } = context;
  const { place, range, kept } = await rangeOf(opened, flags);
  await showSurvey(place, range, terminal);
  if (flags.yes !== true) {
    terminal.out('Nothing was changed. --yes takes back what is in files.\n');
    return;
  }
  const settings = { ...kept, clock, windows: rememberedWindows() };
  const done = await withProgress(context, async (tell) => {
    const by = { actor, random, onProgress: tellDay(tell) };
    return await revokeKeys(place, range, { settings, by }).catch(explainCoverage);
  });
  terminal.out(
    `Took back ${counted(done.keys, 'key')} in ${counted(done.documents, 'document')}, and ${counted(done.generated, 'generated document')} with them. ${counted(done.before, 'key')} had been taken back before.\n`,
  );
}

function explainCoverage(fault: unknown): never {
  if (fault instanceof CoverageFault)
    throw new CommandFault(
      `${fault.exportId} is cut past the present, so a revision would be in no file of it: see the runbook of publish.window_covered; what was taken back so far stays so`,
    );
  throw fault;
}
