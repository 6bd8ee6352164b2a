import { type TrimOutcome, trimAudit } from '@keyserver/operations';
import type { UnixMillis } from '@keyserver/time';
import type { Command } from 'commander';
import { CommandFault, FOUND } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { counted, instantText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { agreeTo } from './agree.ts';
import { addPublicKeyOption, instant, readPublicKeys } from './options.ts';

interface TrimFlags extends StoreFlags {
  readonly before: UnixMillis;
  readonly publicKey?: readonly string[];
  readonly yes?: true;
}

/** `audit trim`: deletes old entries that a checkpoint stands for. */
export function addAuditTrim(audit: Command, context: CommandContext): void {
  addPublicKeyOption(addStoreOptions(audit.command('trim'), context.dataDirectory))
    .description('Delete old entries, up to the newest checkpoint from before a time.')
    .requiredOption('--before <time>', 'such as 2024-01-01T00:00:00Z; two years are kept', instant)
    .option('--yes', 'delete without asking')
    .addHelpText(
      'after',
      exampleOf('audit trim --before 2024-01-01T00:00:00Z --public-key audit.pub.pem'),
    )
    .action(async (flags: TrimFlags) => {
      if (flags.publicKey === undefined)
        throw new CommandFault(
          'give --public-key: the checkpoint must be signed by a key that you know',
        );
      const publicKeys = await readPublicKeys(flags.publicKey);
      const { store, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        const { user: actor, random, terminal } = context;
        const { before } = flags;
        const what = `Delete what a checkpoint from before ${instantText(before)} stands for? It cannot be had back.`;
        await agreeTo(what, flags, terminal);
        terminal.out(report(await trimAudit(store, { before, publicKeys, actor, random })));
      } finally {
        await close();
      }
    });
}

function report(outcome: TrimOutcome): string {
  switch (outcome.kind) {
    case 'trimmed':
      return `The audit begins behind entry ${outcome.root}; deleted ${counted(outcome.deleted, 'document')}.\n`;
    case 'too young':
      throw new CommandFault(
        `nothing was deleted: entries since ${instantText(outcome.keptSince)} are kept`,
      );
    case 'no checkpoint':
      throw new CommandFault(
        'nothing was deleted: no checkpoint is of an entry from before that time',
      );
    case 'broken':
      throw new CommandFault(
        `nothing was deleted, the audit is broken: ${outcome.sentence}`,
        FOUND,
      );
    case 'none':
      throw new CommandFault('nothing was deleted: there is no entry yet');
  }
}
