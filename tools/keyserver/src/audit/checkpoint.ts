import type { SigningPlatform } from '@keyserver/configuration';
import type { DocumentStore } from '@keyserver/docstore';
import { type CheckpointOutcome, checkpointAudit } from '@keyserver/operations';
import type { Command } from 'commander';
import { CommandFault, FOUND } from '../command-fault.ts';
import { type KeyFlags, withKeys } from '../open-keys.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf, standInOption } from '../options.ts';
import { jsonText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { checkpointForMachines } from './options.ts';

interface CheckpointFlags extends StoreFlags, KeyFlags {
  readonly signingKey: string;
}

/** `audit checkpoint`: signs the end of the chain, and prints what is to be kept elsewhere. */
export function addAuditCheckpoint(audit: Command, context: CommandContext): void {
  addStoreOptions(audit.command('checkpoint'), context.dataDirectory)
    .description('Check the chain, sign its end, and print the checkpoint. Keep it elsewhere.')
    .requiredOption(
      '--signing-key <name>',
      'a key that signs no files: a file of keys/signing without .pem, or a version in Cloud KMS',
    )
    .addOption(standInOption('kms-endpoint', 'a stand-in for Cloud KMS', '--project'))
    .addHelpText('after', exampleOf('audit checkpoint --signing-key audit > 2026-06.json'))
    .action(async (flags: CheckpointFlags) => {
      const opened = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        await withKeys(opened, flags, context, async (signing) => {
          const outcome = await signEnd(opened.store, signing, flags.signingKey, context);
          context.terminal.out(jsonText(checkpointForMachines(signedOr(outcome))));
        });
      } finally {
        await opened.close();
      }
    });
}

async function signEnd(
  store: DocumentStore,
  signing: SigningPlatform | undefined,
  signingKey: string,
  { user: actor, random }: CommandContext,
): Promise<CheckpointOutcome> {
  if (signing === undefined)
    throw new CommandFault('give --kms-endpoint too: a stand-in of Firestore has no keys');
  const why = await signing.trySigner(signingKey);
  if (why !== undefined) throw new CommandFault(why.message);
  const signer = await signing.findSigner(signingKey);
  if (signer === undefined) throw new CommandFault(`${signingKey} has just been taken away`);
  return await checkpointAudit(store, { actor, random, signingKey, signer });
}

function signedOr(outcome: CheckpointOutcome) {
  switch (outcome.kind) {
    case 'signed':
      return outcome.checkpoint;
    case 'broken':
      throw new CommandFault(`nothing was signed, the audit is broken: ${outcome.sentence}`, FOUND);
    case 'none':
      throw new CommandFault('nothing was signed: there is no entry yet');
    case 'key of files':
      throw new CommandFault(
        'nothing was signed: this key signs files that phones trust; take a key of its own, as docs/audit.md says',
      );
    case 'overtaken':
      throw new CommandFault('nothing was signed: somebody else did the same just now; look again');
  }
}
