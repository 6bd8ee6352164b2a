import { exportData } from '@keyserver/data-transfer';
import type { DocumentStore } from '@keyserver/docstore';
import { beginAudit } from '@keyserver/stores';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { withProgress } from '../progress.ts';
import type { CommandContext } from '../terminal.ts';
import { SECRECY, differing, documentsOf, renderManifest, tellDocuments } from './report.ts';

interface ExportFlags extends StoreFlags {
  readonly to: string;
}

/** `data export`: writes everything that a store holds into files. */
export function addDataExport(data: Command, context: CommandContext): void {
  const { terminal, random } = context;
  addStoreOptions(data.command('export'))
    .description(
      'Write everything that a store holds into files, to be imported elsewhere. Stop the services first. Killed, it goes on when it is started again.',
    )
    .requiredOption('--to <directory>', 'a new directory for the files')
    .addHelpText(
      'after',
      `\n${SECRECY}\n${exampleOf('data export --data-dir /var/lib/keyserver --to ~/move')}`,
    )
    .action(async (flags: ExportFlags) => {
      const { store, name, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        const begun = async (exportId: string): Promise<void> => {
          await writeDown(store, exportId, context.user);
        };
        const request = { directory: flags.to, source: name, random, begun };
        const outcome = await withProgress(
          context,
          async (tell) => await exportData(store, { ...request, ...tellDocuments(tell) }),
        );
        if (outcome.kind === 'refused') throw new CommandFault(outcome.reason);
        if (outcome.kind === 'changed')
          throw differing(
            outcome.differences,
            terminal,
            'the store changed while it was read, so nothing was exported: stop the services, then run again',
          );
        terminal.out(renderManifest(outcome.manifest));
        terminal.out(`Exported ${documentsOf(outcome.manifest)} to ${flags.to}.\n${SECRECY}\n`);
      } finally {
        await close();
      }
    });
}

/**
 * Writes down that everything is taken from a store, before anything is: the entry is in the files too. Once for each export, as a run
 * that goes on with it must find the store as the first one left it.
 */
async function writeDown(store: DocumentStore, exportId: string, actor: string): Promise<void> {
  const change = { action: 'add', section: 'data', id: exportId, fields: [] } as const;
  await store.transact(async (tx) => {
    const audit = await beginAudit(tx, exportId);
    if (audit.earlier === undefined)
      audit.append({ actor, operation: 'data.export', changes: [change] });
  });
}
