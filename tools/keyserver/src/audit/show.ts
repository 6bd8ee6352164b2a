import { type AuditRecord, readAudit } from '@keyserver/operations';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import type { Command } from 'commander';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf, wholeNumber } from '../options.ts';
import { instantText, jsonText, printable, table } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { instant, operationName } from './options.ts';

interface ShowFlags extends StoreFlags {
  readonly since?: UnixMillis;
  readonly operation?: string;
  readonly limit: number;
  readonly json?: true;
}

const LIMITS = { min: 1, max: 10_000 };

/** `audit show`: what operators did, the newest last. */
export function addAuditShow(audit: Command, context: CommandContext): void {
  addStoreOptions(audit.command('show'), context.dataDirectory)
    .description('Show what operators did: who, when, and what. Checks nothing.')
    .option('--since <time>', 'nothing from before, such as 2026-01-15T12:00:00Z', instant)
    .option('--operation <name>', 'only steps such as configuration.apply', operationName)
    .option('--limit <number>', 'the newest so many', wholeNumber(LIMITS), 50)
    .option('--json', 'print all fields, before and after, as JSON')
    .addHelpText('after', exampleOf('audit show --operation configuration.apply --limit 10'))
    .action(async (flags: ShowFlags) => {
      const { store, close } = await openStore(flags, context, { mayBeNew: 'nothing' });
      try {
        const records = (await readAudit(store, flags)).toReversed();
        context.terminal.out(
          flags.json === true ? jsonText(records.map(forMachines)) : render(records),
        );
      } finally {
        await close();
      }
    });
}

const HEADING = ['ENTRY', 'TIME', 'ACTOR', 'OPERATION', 'CHANGES'];

const render = (records: readonly AuditRecord[]): string =>
  records.length === 0 ? 'There are no such entries.\n' : table(HEADING, records.map(rowOf));

const rowOf = (record: AuditRecord): readonly string[] =>
  [
    record.link === undefined ? '-' : String(record.link.sequence),
    instantText(unixMillis(record.at)),
    record.actor,
    record.operation,
    changesOf(record),
  ].map((text) => printable(text));

/** So many changes are named; the others are counted. */
const NAMED = 3;

function changesOf({ changes }: AuditRecord): string {
  const named = changes
    .slice(0, NAMED)
    .map(({ action, section, id }) => `${action} ${section} ${id}`);
  const more = changes.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/** A record as machines read it; what is from before the chain has no entry. */
const forMachines = ({ at, link, ...record }: AuditRecord): object => ({
  entry: link?.sequence,
  at: new Date(at).toISOString(),
  ...record,
  digests: link === undefined ? undefined : { before: link.before, after: link.after },
  previous: link?.previous,
  hash: link?.hash,
});
