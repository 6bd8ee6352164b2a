import {
  type FederationQuery,
  PULL_PROBLEMS,
  type QueryStanding,
  type SyncRecord,
  lagOf,
  rejectedKeys,
} from '@keyserver/federation';
import { listQueries, readStandings, readSyncs } from '@keyserver/stores';
import { DAY, SECOND, type UnixMillis, unixMillis } from '@keyserver/time';
import type { Command } from 'commander';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { instantText, jsonText, table, timeText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';

interface StatusOptions extends StoreFlags {
  readonly json?: true;
}

/** A query, where it stands, and its runs of the last day. */
interface Status {
  readonly query: FederationQuery;
  readonly standing: QueryStanding | undefined;
  readonly runs: readonly SyncRecord[];
}

/** `federation status`: where every query stands, how far behind it is, and what went wrong last. */
export function addFederationStatus(federation: Command, context: CommandContext): void {
  addStoreOptions(federation.command('status'), context.dataDirectory)
    .description('Show where every query stands, how far behind it is, and what went wrong last.')
    .option('--json', 'print JSON, with what was refused of the keys of each partner')
    .addHelpText('after', exampleOf('federation status'))
    .action(async (options: StatusOptions) => {
      const { store, close } = await openStore(options, context, { mayBeNew: 'nothing' });
      try {
        const now = await store.now();
        const queries = await listQueries(store)();
        const standings = await readStandings(
          store,
          queries.map(({ id }) => id),
        );
        const all: Status[] = [];
        for (const [n, query] of queries.entries()) {
          const runs = await readSyncs(store, query.id, unixMillis(now - DAY));
          all.push({ query, standing: standings[n], runs });
        }
        context.terminal.out(
          options.json === true
            ? jsonText(all.map((one) => forMachines(one, now)))
            : render(all, now),
        );
      } finally {
        await close();
      }
    });
}

const HEADING = ['QUERY', 'SERVER', 'POSITION', 'BEHIND', 'LAST RUN', 'OUTCOME', 'KEYS', 'REFUSED'];

function render(all: readonly Status[], now: UnixMillis): string {
  if (all.length === 0) return 'No query is configured.\n';
  const problems = all.flatMap(({ query, standing }) =>
    standing?.problem === undefined
      ? []
      : [`${query.id}: ${PULL_PROBLEMS[standing.problem].sentence}.${again(standing)}\n`],
  );
  return (
    table(
      HEADING,
      all.map((one) => rowOf(one, now)),
    ) + problems.join('')
  );
}

/** How it is tried again; nothing of a position that is lost, which holds that. */
const again = ({ failures, notBefore }: QueryStanding): string =>
  failures === 0
    ? ''
    : ` Failed ${failures} times in a row; tried again from ${instantText(notBefore)} on.`;

function rowOf({ query, standing, runs }: Status, now: UnixMillis): readonly string[] {
  const last = runs.at(-1);
  const state = standing?.state;
  return [
    ...[query.id, query.server],
    state === undefined ? '-' : timeText(Math.max(0, state.keys.timestamp)),
    standing === undefined ? 'never ran' : `${Math.round(lagOf(standing, now) / SECOND)} s`,
    last === undefined ? '-' : instantText(last.startedAt),
    last?.outcome ?? '-',
    last === undefined ? '-' : String(last.inserted + last.revised),
    last === undefined ? '-' : String(rejectedKeys(last.rejects)),
  ];
}

const forMachines = ({ query, standing, runs }: Status, now: UnixMillis): object => ({
  query: query.id,
  server: query.server,
  positionSeconds: standing?.state?.keys.timestamp,
  behindSeconds: standing && Math.round(lagOf(standing, now) / SECOND),
  failures: standing?.failures ?? 0,
  problem: standing?.problem,
  runs: runs.map(({ startedAt, endedAt, ...run }) => ({
    ...run,
    startedAt: instantText(startedAt),
    endedAt: endedAt && instantText(endedAt),
  })),
});
