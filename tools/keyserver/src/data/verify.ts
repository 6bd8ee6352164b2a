import { verifyData } from '@keyserver/data-transfer';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addBucketOption, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { withProgress } from '../progress.ts';
import type { CommandContext } from '../terminal.ts';
import { differing, documentsOf, renderManifest, tellDocuments } from './report.ts';

interface VerifyFlags extends StoreFlags {
  readonly from: string;
  readonly bucket: ReadonlyMap<string, string>;
}

/** `data verify`: compares a store with exported files. */
export function addDataVerify(data: Command, context: CommandContext): void {
  const { terminal } = context;
  addBucketOption(addStoreOptions(data.command('verify')))
    .description(
      'Compare a store with exported files: the target after an import, or the source before it is left for good.',
    )
    .requiredOption('--from <directory>', 'the directory of a finished export')
    .addHelpText('after', exampleOf('data verify --from ~/move --project my-project'))
    .action(async (flags: VerifyFlags) => {
      const { store, name, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        const exported = { directory: flags.from, buckets: flags.bucket };
        const outcome = await withProgress(
          context,
          async (tell) => await verifyData(store, { ...exported, ...tellDocuments(tell) }),
        );
        if (outcome.kind === 'refused') throw new CommandFault(outcome.reason);
        if (outcome.kind === 'differs')
          throw differing(outcome.differences, terminal, `${name} does not hold what was exported`);
        terminal.out(renderManifest(outcome.manifest));
        terminal.out(`${name} holds all of ${documentsOf(outcome.manifest)}, and no other.\n`);
      } finally {
        await close();
      }
    });
}
