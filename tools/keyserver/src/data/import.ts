import { importData } from '@keyserver/data-transfer';
import type { Command } from 'commander';
import { readSmallFile } from '../bounded-read.ts';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addBucketOption, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { withProgress } from '../progress.ts';
import type { CommandContext } from '../terminal.ts';
import { SECRECY, differing, documentsOf, renderManifest, tellDocuments } from './report.ts';

interface ImportFlags extends StoreFlags {
  readonly from: string;
  readonly bucket: ReadonlyMap<string, string>;
  readonly keyHashSecret?: string;
}

const SECRET_BYTES = 32;
const HEX_SECRET = /^[0-9a-f]{64}$/i;
const MOST_SECRET_BYTES = 100;

/** `data import`: writes exported files into an empty store, and compares the two. */
export function addDataImport(data: Command, context: CommandContext): void {
  addBucketOption(addStoreOptions(data.command('import')))
    .description(
      'Write exported files into an empty store, and compare the two. Killed, it goes on when it is started again.',
    )
    .requiredOption('--from <directory>', 'the directory of a finished export')
    .option(
      '--key-hash-secret <file>',
      'the secret of the target (32 bytes, or KEY_HASH_SECRET), to be checked; with --data-dir its own is',
    )
    .addHelpText(
      'after',
      `\n${SECRECY}\n${exampleOf('data import --from ~/move --project my-project')}`,
    )
    .action(async (flags: ImportFlags) => {
      const given = await secretOf(flags);
      const opened = await openStore(flags, context, { mayBeNew: 'database' });
      try {
        const { store, name, keyHashSecret = given } = opened;
        if (keyHashSecret === undefined)
          context.terminal.err('  --key-hash-secret is not given: the secret is not checked\n');
        const what = { directory: flags.from, buckets: flags.bucket, keyHashSecret };
        const outcome = await withProgress(
          context,
          async (tell) =>
            await importData(store, { ...what, actor: context.user, ...tellDocuments(tell) }),
        );
        report(outcome, name, context);
      } finally {
        await opened.close();
      }
    });
}

async function secretOf({ keyHashSecret }: ImportFlags): Promise<Uint8Array | undefined> {
  if (keyHashSecret === undefined) return undefined;
  const secret = await readSmallFile(keyHashSecret, MOST_SECRET_BYTES);
  if (secret.length === SECRET_BYTES) return secret;
  const text = Buffer.from(secret).toString('latin1').trim();
  if (HEX_SECRET.test(text)) return Buffer.from(text, 'hex');
  throw new CommandFault(`${keyHashSecret} has neither 32 bytes nor 64 hexadecimal digits`);
}

function report(
  outcome: Awaited<ReturnType<typeof importData>>,
  name: string,
  { terminal }: CommandContext,
): void {
  switch (outcome.kind) {
    case 'refused':
      throw new CommandFault(outcome.reason);
    case 'differs':
      throw differing(
        outcome.differences,
        terminal,
        `${name} does not hold what was exported: do not use it, and import into an empty one`,
      );
    case 'imported-before':
      terminal.out(
        `${name} took this export at ${new Date(outcome.at).toISOString()}; nothing was done.\n`,
      );
      return;
    case 'imported':
      terminal.out(renderManifest(outcome.manifest));
      terminal.out(`Imported ${documentsOf(outcome.manifest)} into ${name}, and compared them.\n`);
  }
}
