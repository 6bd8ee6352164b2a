import { storedDigest } from '@keyserver/configuration';
import type { DocumentStore } from '@keyserver/docstore';
import { type KnownEntry, type WholeAudit, verifyAudit } from '@keyserver/operations';
import { isSignedBy } from '@keyserver/stores';
import { unixMillis } from '@keyserver/time';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandFault, FOUND } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { withProgress } from '../progress.ts';
import { counted, instantText, jsonText, printable } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { addPublicKeyOption, readCheckpoint, readPublicKeys } from './options.ts';

interface VerifyFlags extends StoreFlags {
  readonly head?: KnownEntry;
  readonly checkpoint?: string;
  readonly publicKey?: readonly string[];
  readonly json?: true;
}

/** `audit verify`: whether the chain is whole, and is the one that is known from outside. */
export function addAuditVerify(audit: Command, context: CommandContext): void {
  addPublicKeyOption(addStoreOptions(audit.command('verify'), context.dataDirectory))
    .description('Check that no entry was changed, taken out, put in or cut off.')
    .option('--head <number:hash>', 'an entry that the chain must have, as printed before', entry)
    .option('--checkpoint <file>', 'a checkpoint that was kept elsewhere')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      exampleOf('audit verify --checkpoint 2026-06.json --public-key audit.pub.pem'),
    )
    .action(async (flags: VerifyFlags) => {
      const publicKeys =
        flags.publicKey === undefined ? undefined : await readPublicKeys(flags.publicKey);
      const entries = await knownEntries(flags, publicKeys);
      const { store, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        const known = { entries, ...(publicKeys === undefined ? {} : { publicKeys }) };
        await verify(store, known, { flags, context });
      } finally {
        await close();
      }
    });
}

const NAMED_ENTRY = /^([1-9]\d{0,15}):([0-9a-f]{64})$/;

function entry(text: string): KnownEntry {
  const [, digits = '', hash = ''] = NAMED_ENTRY.exec(text) ?? [];
  if (hash !== '') return { sequence: Number(digits), hash };
  throw new InvalidArgumentError('must be a number and 64 hex digits, such as 12:ab...');
}

async function knownEntries(
  { head, checkpoint: file }: VerifyFlags,
  publicKeys: readonly string[] | undefined,
): Promise<readonly KnownEntry[]> {
  const checkpoint = file === undefined ? undefined : await readCheckpoint(file);
  if (checkpoint !== undefined) {
    const keys = publicKeys ?? [checkpoint.publicKey];
    if (!keys.some((key) => isSignedBy(checkpoint, key)))
      throw new CommandFault(
        `${String(file)} is not signed by ${publicKeys === undefined ? 'the key that it names' : 'a public key that was given'}`,
      );
  }
  return [head, checkpoint].filter((one) => one !== undefined);
}

async function verify(
  store: DocumentStore,
  known: Parameters<typeof verifyAudit>[1],
  { flags: { json }, context }: { readonly flags: VerifyFlags; readonly context: CommandContext },
): Promise<void> {
  const { out } = context.terminal;
  const verdict = await withProgress(
    context,
    async (tell) =>
      await verifyAudit(store, known, (sequence, last) => {
        tell(`entry ${sequence} of ${last}`);
      }),
  );
  if (verdict.kind === 'whole') {
    const isOurs = known?.publicKeys !== undefined;
    const notes = [...notesOn(verdict, isOurs), ...(await onConfiguration(store, verdict))];
    out(json === true ? jsonText(forMachines(verdict, notes)) : rendered(verdict, notes));
    const [lost] = verdict.trimmedKnown;
    if (lost !== undefined)
      throw new CommandFault(
        `entry ${lost.sequence} was trimmed, so it cannot be compared: give a newer head or checkpoint`,
      );
    return;
  }
  if (json === true) out(jsonText(verdict));
  if (verdict.kind === 'broken')
    throw new CommandFault(`the audit is broken: ${verdict.sentence}`, FOUND);
  if (json !== true)
    out(
      `Nothing has been written down since the audit is a chain; there are ${verdict.earlier} entries from before.\n`,
    );
}

const rendered = ({ head, first, checkpoints }: WholeAudit, notes: readonly string[]): string =>
  [
    `The audit is whole: entries ${first.sequence} to ${head.sequence}, ${counted(checkpoints, 'checkpoint')}.`,
    ...notes,
    `Head: ${head.sequence}:${head.hash}`,
  ]
    .map((line) => `${line}\n`)
    .join('');

const forMachines = (
  { kind, head, first, begins, checkpoints }: WholeAudit,
  notes: readonly string[],
): object => ({
  ...{ kind, first: first.sequence, last: head.sequence, hash: head.hash },
  ...{ begins, checkpoints, notes },
});

/** What a reader of "whole" must know besides. */
function notesOn(
  { begins, first, checkpoints }: WholeAudit,
  areKeysGiven: boolean,
): readonly string[] {
  const notes: string[] = [];
  const by = `by ${printable(first.actor)} on ${instantText(unixMillis(first.at))}`;
  if (begins === 'anew')
    notes.push(
      `It was begun anew with entry ${first.sequence} ${by}, since it was broken before; see audit show --operation audit.restart --json.`,
    );
  if (begins === 'checkpoint')
    notes.push(`Entries before ${first.sequence} were trimmed behind a checkpoint.`);
  if (checkpoints > 0 && !areKeysGiven)
    notes.push(
      'Checkpoints are signed by the keys that the store itself names; give --public-key to know whose they are.',
    );
  return notes;
}

async function onConfiguration(
  store: DocumentStore,
  { configuration }: WholeAudit,
): Promise<readonly string[]> {
  if (configuration === undefined) return [];
  const isAsLeft = (await storedDigest(store)) === configuration.digest;
  if (isAsLeft) return ['The stored configuration is the one that the newest entry of it left.'];
  const again = await verifyAudit(store); // it may have been applied meanwhile
  if (again.kind === 'whole' && again.configuration?.digest !== configuration.digest)
    return ['The configuration was changed while this ran.'];
  return [
    `The stored configuration is not the one that entry ${configuration.sequence} left: somebody wrote past the audit, or buckets were renamed by an import, or another version of this program applied it.`,
  ];
}
