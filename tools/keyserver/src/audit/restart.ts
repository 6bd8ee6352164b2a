import { restartAudit, verifyAudit } from '@keyserver/operations';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import type { CommandContext } from '../terminal.ts';
import { agreeTo } from './agree.ts';

interface RestartFlags extends StoreFlags {
  readonly yes?: true;
}

/** `audit restart`: begins a new chain behind a broken one, for ever visible. */
export function addAuditRestart(audit: Command, context: CommandContext): void {
  addStoreOptions(audit.command('restart'), context.dataDirectory)
    .description(
      'Begin a new chain behind a broken one. What is left of it stays, and verify tells of it.',
    )
    .option('--yes', 'begin without asking')
    .addHelpText('after', exampleOf('audit restart --data-dir /var/lib/keyserver'))
    .action(async (flags: RestartFlags) => {
      const { store, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        const verdict = await verifyAudit(store);
        if (verdict.kind !== 'broken') throw new CommandFault(NOTHING);
        const what = `The audit is broken: ${verdict.sentence}. Begin a new chain? A backup of the database that is whole would be better.`;
        await agreeTo(what, flags, context.terminal);
        const { user: actor, random, terminal } = context;
        const outcome = await restartAudit(store, { actor, random });
        if (outcome.kind !== 'begun anew') throw new CommandFault(NOTHING);
        terminal.out(
          `A new chain begins with entry ${outcome.sequence}, which says: ${outcome.reason}.\n`,
        );
      } finally {
        await close();
      }
    });
}

const NOTHING = 'nothing was changed: the audit is not broken';
