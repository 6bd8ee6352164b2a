import { type Emptying, emptyServer } from '@keyserver/operations';
import type { LifecycleGoal } from '@keyserver/stores';
import { readLifecycle } from '@keyserver/stores';
import type { Command } from 'commander';
import { CommandFault, FOUND } from '../command-fault.ts';
import { exampleOf, standInOption } from '../options.ts';
import { instantText } from '../render.ts';
import { type OpenedParts, type PartsFlags, addPartsOptions, openParts } from '../store/parts.ts';
import type { CommandContext } from '../terminal.ts';
import { GOALS, refusedIn, waitText } from './words.ts';

interface FinishFlags extends PartsFlags {
  readonly signingKey: string;
  readonly yesReally?: string;
}

/** `decommission finish` and `hibernate finish`: empties a server that has brought everything out. */
export const addFinish =
  (goal: LifecycleGoal) =>
  (group: Command, context: CommandContext): void => {
    addPartsOptions(group.command('finish'), context.dataDirectory)
      .description(
        'Delete what there is, once everything is out, and print a signed report. The first run empties the indexes and the store; run it again a day later for the archives.',
      )
      .requiredOption(
        '--signing-key <name>',
        'a key that signs no files: a file of keys/signing without .pem, or a version in Cloud KMS',
      )
      .addOption(
        standInOption('kms-endpoint', 'a stand-in for Cloud KMS', '--endpoint').conflicts(
          'dataDir',
        ),
      )
      .option(
        '--yes-really <store id>',
        'do it; the id of the store is in what is shown without it',
      )
      .addHelpText('after', exampleOf(`${goal} finish --signing-key audit`))
      .action(async (flags: FinishFlags) => {
        const opened = await openParts(flags, context);
        try {
          await finish(goal, opened, flags, context);
        } finally {
          await opened.close();
        }
      });
  };

async function finish(
  goal: LifecycleGoal,
  opened: OpenedParts,
  { signingKey, yesReally }: FinishFlags,
  context: CommandContext,
): Promise<void> {
  const { store, storeId, openBucket, place, missingCommits } = opened;
  if (storeId === undefined || missingCommits > 0)
    throw new CommandFault('the parts do not belong together: see `keyserver store adopt` first');
  const life = await readLifecycle(store);
  if (life !== undefined && life.state !== 'open' && life.goal !== goal)
    throw new CommandFault(`nothing was changed: it is \`keyserver ${life.goal}\` that was begun`);
  const { out } = context.terminal;
  if (yesReally === undefined) {
    out(`This is the ${place}, with the store ${storeId}.\n`);
    out('Its keys, counts and files would be deleted, and cannot be had back.\n');
    out(`Nothing was changed. To do it, give --yes-really ${storeId}\n`);
    return;
  }
  if (yesReally !== storeId) throw new CommandFault(`nothing was changed: the store is ${storeId}`);
  const { close, findSigner, trySigner } = await opened.openSigners();
  try {
    const usable = async (name: string) =>
      (await trySigner(name)) === undefined ? await findSigner(name) : undefined;
    const by = { actor: context.user, random: context.random };
    out(
      said(goal, await emptyServer({ store, openBucket, findSigner: usable, ...by }, signingKey)),
    );
  } finally {
    await close();
  }
}

const KEYS = {
  'cannot sign': 'this key cannot sign: nothing more was deleted',
  'signs files':
    'this key signs files that phones trust; take a key of its own, as docs/audit.md says',
  other: 'the deletion was begun with another key: name that one',
} as const;

function said(goal: LifecycleGoal, emptying: Emptying): string {
  switch (emptying.kind) {
    case 'wrong state':
      throw refusedIn(emptying.state);
    case 'waits':
      throw new CommandFault(
        `nothing was deleted: the server waits for ${emptying.waits.map(waitText).join('; and for ')}`,
        FOUND,
      );
    case 'files stay':
      throw new CommandFault(
        emptying.from === undefined
          ? 'nothing was deleted: the next run of /create-batches notes that nothing waits any more'
          : `nothing was deleted: files stay for phones and partners until ${instantText(emptying.from)}`,
        FOUND,
      );
    case 'clock unsettled':
      throw new CommandFault(
        'the clock of the store has not been plausible for long enough: see `keyserver store time show`, and run this again',
        FOUND,
      );
    case 'key':
      throw new CommandFault(KEYS[emptying.problem]);
    case 'archives stay':
      return `Every index is empty, and the store is too. Archives stay until ${instantText(emptying.until)}, for phones that know an older index. Run this again then.\n`;
    case 'written again':
      throw new CommandFault(
        `${String(emptying.documents)} collections and ${String(emptying.objects)} objects were written again: is a service of an earlier version still running? Stop it, and run this again`,
        FOUND,
      );
    case 'done':
      return `${GOALS[goal].end}\n${emptying.report}`;
  }
}
