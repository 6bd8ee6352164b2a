import { keyFingerprint } from '@keyserver/health-authority';
import { allowAuthorityKey, readAuthorityKeys, revokeAuthorityKey } from '@keyserver/stores';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import type { CommandContext } from '../terminal.ts';
import type { OpenStore } from '../wiring.ts';
import { SHORT, authorityId } from './keys.ts';

interface ChangeOptions extends StoreFlags {
  readonly authority: number;
  readonly key: string;
  readonly yes?: true;
}

interface Change {
  readonly name: 'revoke' | 'allow';
  readonly description: string;
  readonly make: typeof revokeAuthorityKey;
  readonly question: (key: string) => string;
  readonly done: string;
}

const CHANGES: readonly Change[] = [
  {
    name: 'revoke',
    description: 'Take a learned key back: whatever its authority serves, it does not count.',
    make: revokeAuthorityKey,
    question: (key) => `Revoke key ${key}? Certificates that are signed with it will be refused.`,
    done: 'is revoked',
  },
  {
    name: 'allow',
    description: 'Let a revoked key count again while its authority serves it.',
    make: allowAuthorityKey,
    question: (key) => `Let key ${key} count again while its authority serves it?`,
    done: 'is allowed',
  },
];

/** `authority revoke` and `authority allow`: what an operator decides about a key that was learned. */
export function addAuthorityChanges(authority: Command, context: CommandContext): void {
  for (const change of CHANGES) addChange(authority, context, change);
}

function addChange(authority: Command, context: CommandContext, change: Change): void {
  addStoreOptions(authority.command(change.name), context.dataDirectory)
    .description(change.description)
    .requiredOption('--authority <id>', 'the authority, by its id', authorityId)
    .requiredOption(
      '--key <fingerprint>',
      `the key: the first ${SHORT} or more digits that "authority keys" shows of it`,
      fingerprintStart,
    )
    .option('--yes', 'do it without asking')
    .addHelpText(
      'after',
      exampleOf(`authority ${change.name} --authority 1 --key 0123456789abcdef`),
    )
    .action(async (options: ChangeOptions) => {
      const opened = await openStore(options, context, { mayBeNew: 'nothing' });
      try {
        const fingerprint = await wholeFingerprint(opened, options);
        await agree(change.question(options.key), options, context);
        const by = { actor: context.user, random: context.random };
        const order = { authority: options.authority, fingerprint };
        const { kind } = await change.make(opened.store, order, by);
        if (kind !== 'done' && kind !== 'unchanged') throw new CommandFault(REFUSED[kind](options));
        const already = kind === 'unchanged' ? ' already' : '';
        context.terminal.out(
          `Key ${fingerprint.slice(0, SHORT)} ${change.done}${already}. Services that remember authorities follow within minutes.\n`,
        );
      } finally {
        await opened.close();
      }
    });
}

type Refusal = Exclude<
  Awaited<ReturnType<typeof revokeAuthorityKey>>['kind'],
  'done' | 'unchanged'
>;

const REFUSED: Readonly<Record<Refusal, (options: ChangeOptions) => string>> = {
  'no authority': ({ authority }) =>
    `there is no authority ${authority}; keyserver config show lists them`,
  'no key': ({ authority, key }) =>
    `no key ${key} was learned from authority ${authority}; keyserver authority keys shows them`,
  configured: ({ key }) =>
    `the configuration names key ${key} and decides about it: give it a thru there`,
  'too many': ({ authority }) =>
    `as many keys of authority ${authority} are revoked as can be remembered: allow one that it will not serve again`,
};

function fingerprintStart(text: string): string {
  if (/^[0-9a-f]{16,64}$/.test(text)) return text;
  throw new InvalidArgumentError(`must be ${SHORT} to 64 of 0-9 and a-f`);
}

/** The fingerprint that begins so, among all keys that the authority has, had or was forbidden. */
async function wholeFingerprint(
  { store }: Pick<OpenStore, 'store'>,
  options: ChangeOptions,
): Promise<string> {
  const { authorities } = await readAuthorityKeys(store);
  const found = authorities.find(({ authority: { id } }) => id === options.authority);
  if (found === undefined) throw new CommandFault(REFUSED['no authority'](options));
  const { authority, keySet } = found;
  const known = [
    ...[...authority.keys, ...(keySet?.keys ?? [])].map((key) => keyFingerprint(key.publicKey)),
    ...(keySet?.revoked ?? []).map(({ fingerprint }) => fingerprint),
  ];
  const matching = [...new Set(known)].filter((one) => one.startsWith(options.key));
  const [only] = matching;
  if (only === undefined) throw new CommandFault(REFUSED['no key'](options));
  if (matching.length > 1)
    throw new CommandFault(`several keys begin with ${options.key}: give more digits`);
  return only;
}

async function agree(
  question: string,
  { yes }: ChangeOptions,
  { terminal }: CommandContext,
): Promise<void> {
  if (yes === true) return;
  if (!terminal.interactive)
    throw new CommandFault('nobody is here to be asked; give --yes to go on');
  if (!(await terminal.ask(question))) throw new CommandFault('nothing was changed');
}
