import {
  KEY_SET_PROBLEMS,
  type HealthAuthority,
  type LearnedKey,
  type RevokedKey,
  keyFingerprint,
} from '@keyserver/health-authority';
import { type AuthorityKeys, readAuthorityKeys } from '@keyserver/stores';
import type { UnixMillis } from '@keyserver/time';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf, wholeNumber } from '../options.ts';
import { instantText, jsonText, table } from '../render.ts';
import type { CommandContext } from '../terminal.ts';

interface KeysOptions extends StoreFlags {
  readonly authority?: number;
  readonly json?: true;
}

/** The ids that the configuration file takes. */
export const authorityId = wholeNumber({ min: 1, max: 2 ** 31 - 1 });

/** `authority keys`: the keys of health authorities, where each comes from and whether it counts, and how learning them goes. */
export function addAuthorityKeys(authority: Command, context: CommandContext): void {
  addStoreOptions(authority.command('keys'), context.dataDirectory)
    .description('Show the keys of health authorities, configured and learned, and which count.')
    .option('--authority <id>', 'only those of this authority', authorityId)
    .option('--json', 'print JSON')
    .addHelpText('after', exampleOf('authority keys --authority 1'))
    .action(async (options: KeysOptions) => {
      const { store, close } = await openStore(options, context, { mayBeNew: 'nothing' });
      try {
        const now = await store.now();
        const { authorities } = await readAuthorityKeys(store);
        const wanted = authorities.filter(
          ({ authority: { id } }) => (options.authority ?? id) === id,
        );
        if (options.authority !== undefined && wanted.length === 0)
          throw new CommandFault(
            `there is no authority ${options.authority}; keyserver config show lists them`,
          );
        const shown = wanted.map((one) => ({ ...one, keys: rowsOf(one, now) }));
        context.terminal.out(
          options.json === true ? jsonText(shown.map(forMachines)) : render(shown),
        );
      } finally {
        await close();
      }
    });
}

interface KeyRow {
  readonly version: string;
  /** By `keyFingerprint`. */
  readonly fingerprint: string;
  readonly source: 'configured' | 'learned';
  readonly state: 'in force' | 'not served' | 'ended' | 'not begun' | 'revoked' | 'not used';
  readonly from: UnixMillis;
  readonly thru: UnixMillis | undefined;
}

type Shown = AuthorityKeys & { readonly keys: readonly KeyRow[] };

/** Every key, whether or not it counts. */
const rowsOf = ({ authority, keySet }: AuthorityKeys, now: UnixMillis): readonly KeyRow[] => [
  ...authority.keys.map((key) => ({
    ...partsOf(key),
    ...({ source: 'configured', state: configuredState(key, now) } as const),
  })),
  ...(keySet?.keys ?? []).map((key) => ({
    ...partsOf(key),
    ...({ source: 'learned', state: learnedState(key, authority, keySet?.revoked ?? []) } as const),
  })),
];

function learnedState(
  key: LearnedKey,
  authority: HealthAuthority,
  revoked: readonly RevokedKey[],
): KeyRow['state'] {
  const fingerprint = keyFingerprint(key.publicKey);
  if (revoked.some((one) => one.fingerprint === fingerprint)) return 'revoked';
  // The configuration names the same key, and decides.
  if (authority.keys.some((one) => keyFingerprint(one.publicKey) === fingerprint))
    return 'not used';
  if (key.thru !== undefined) return 'ended';
  return key.missingSince === undefined ? 'in force' : 'not served';
}

const partsOf = ({ version, publicKey, from, thru }: Omit<LearnedKey, 'missingSince'>) => ({
  ...{ version, fingerprint: keyFingerprint(publicKey), from, thru },
});

function configuredState(
  { from, thru }: Pick<LearnedKey, 'from' | 'thru'>,
  now: UnixMillis,
): KeyRow['state'] {
  if (from >= now) return 'not begun';
  return thru !== undefined && thru <= now ? 'ended' : 'in force';
}

const HEADING = ['AUTHORITY', 'KID', 'KEY', 'SOURCE', 'STATE', 'FROM', 'THRU'];

function render(all: readonly Shown[]): string {
  if (all.length === 0) return 'No authority is configured.\n';
  const rows = all.flatMap(({ authority, keys }) =>
    keys.map(({ version, fingerprint, source, state, from, thru }) => [
      ...[String(authority.id), version, fingerprint.slice(0, SHORT), source, state],
      ...[instantText(from), thru === undefined ? '-' : instantText(thru)],
    ]),
  );
  return (rows.length === 0 ? '' : table(HEADING, rows)) + all.map(sentenceOf).join('');
}

/** So much of a fingerprint is shown, and is enough to name a key. */
export const SHORT = 16;

function sentenceOf({ authority, keySet }: AuthorityKeys): string {
  if (authority.jwks === undefined) return '';
  const answered =
    keySet?.answeredAt === undefined
      ? 'has not answered yet'
      : `answered at ${instantText(keySet.answeredAt)} or later`;
  const problem =
    keySet?.problem === undefined
      ? ''
      : ` Failed ${keySet.failures} times in a row: ${KEY_SET_PROBLEMS[keySet.problem]}.`;
  return `Authority ${authority.id} ${answered}.${problem}\n`;
}

const forMachines = ({ authority, keySet, keys }: Shown): object => ({
  authority: authority.id,
  issuer: authority.issuer,
  jwks: authority.jwks,
  answeredAt: keySet?.answeredAt && instantText(keySet.answeredAt),
  failures: keySet?.failures ?? 0,
  problem: keySet?.problem,
  keys: keys.map(({ from, thru, ...key }) => ({
    ...key,
    from: instantText(from),
    thru: thru && instantText(thru),
  })),
});
