import {
  type FederationQuery,
  PULL_PROBLEMS,
  type PartnerPage,
  decodeAnswer,
  encodeRequest,
  firstState,
  receivePage,
} from '@keyserver/federation';
import { KEY_RETENTION_HOURS } from '@keyserver/exposure-keys';
import { findQuery, readStandings } from '@keyserver/stores';
import { HOUR, SECOND } from '@keyserver/time';
import { type Command, Option } from 'commander';
import { CommandFault, FOUND } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { wholeNumber } from '../options.ts';
import { counted, jsonText, printable, table, timeText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type OpenStore, callPartner } from '../wiring.ts';
import { configuredQuery, queryId } from './options.ts';
import {
  type Served,
  configuredPartner,
  servedForMachines,
  servedNow,
  servedText,
} from './served.ts';

interface TestOptions extends StoreFlags {
  readonly query?: string;
  readonly partner?: string;
  readonly keyRetentionHours: number;
  readonly issuer: string;
  readonly extraRootFile?: string;
  readonly plaintextLoopback?: true;
  readonly fromStart?: true;
  readonly json?: true;
}

const ISSUER = 'http://127.0.0.1:8083';
const CALL = 60 * SECOND;
/** Days that a key may lie before or after onset; what a server is set to differs at most in what it leaves out. */
const ONSET_DAYS = 14;

/** `federation test`: makes one call of a query and explains what came back, and what a partner is served; stores nothing. */
export function addFederationTest(federation: Command, context: CommandContext): void {
  addStoreOptions(federation.command('test'), context.dataDirectory)
    .description(
      'Call a partner once as a query would, and explain the answer; say what a partner is served here. Nothing is stored.',
    )
    .addOption(
      new Option('--partner <id>', 'the partner, both ways: the query and the partner of this id')
        .argParser(queryId)
        .conflicts('query'),
    )
    .option('--query <id>', 'the query of this id alone', queryId)
    .option('--issuer <url>', 'on one machine: the issuer that our identity token names', ISSUER)
    .option('--extra-root-file <file>', 'certificates (PEM) to trust besides')
    .option('--plaintext-loopback', 'call a partner on this very machine without TLS')
    .option('--from-start', 'ask from the beginning, not from where the query stopped')
    .option(
      '--key-retention-hours <hours>',
      'KEY_RETENTION_HOURS of federation-serve, for what a partner is served',
      wholeNumber(KEY_RETENTION_HOURS),
      KEY_RETENTION_HOURS.default,
    )
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (options: TestOptions) => {
      const { query, partner } = options;
      if (query === undefined && partner === undefined)
        throw new CommandFault('say what to test: --partner ID, or --query ID');
      const opened = await openStore(options, context, { mayBeNew: 'nothing' });
      try {
        if (query !== undefined)
          await testQuery(await configuredQuery(opened, query), { opened, options, context });
        else if (partner !== undefined) await testPartner(partner, { opened, options, context });
      } finally {
        await opened.close();
      }
    });
}

const HELP = `
--partner takes the name that the configuration file gives the other server, under queries, under partners, or under both. It says
what the partner is served here, and then calls it. Where it is no query of ours, nobody is called.

Examples:
  $ keyserver federation test --partner neighbour
  $ keyserver federation test --query neighbour --from-start`;

interface Testing {
  readonly opened: OpenStore;
  readonly options: TestOptions;
  readonly context: CommandContext;
}

async function testQuery(query: FederationQuery, testing: Testing): Promise<void> {
  const page = await fetchOnce(query, testing);
  const { options, context } = testing;
  context.terminal.out(
    options.json === true ? jsonText(summaryOf(page, query)) : render(page, query),
  );
}

/** What the partner is served is said first, since a call that fails ends the command. */
async function testPartner(id: string, testing: Testing): Promise<void> {
  const { opened, options, context } = testing;
  const partner = await configuredPartner(opened, id);
  const query = await findQuery(opened.store)(id);
  if (partner === undefined && query === undefined)
    throw new CommandFault(
      `there is no query and no partner ${id}; keyserver config show lists them`,
    );
  const retention = options.keyRetentionHours * HOUR;
  const served = partner && (await servedNow(opened, partner, { retention, clock: context.clock }));
  if (options.json === true) {
    const fetched = query && summaryOf(await fetchOnce(query, testing), query);
    context.terminal.out(jsonText({ served: served && servedForMachines(served), fetched }));
    return;
  }
  context.terminal.out(servedOr(served, `Nothing is served to a partner ${id}.\n`));
  if (query === undefined) context.terminal.out(`There is no query ${id}: nobody was called.\n`);
  else await testQuery(query, testing);
}

const servedOr = (served: Served | undefined, otherwise: string): string =>
  served === undefined ? otherwise : servedText(served);

async function fetchOnce(
  query: FederationQuery,
  { opened, options, context }: Testing,
): Promise<PartnerPage> {
  const { issuer, extraRootFile, plaintextLoopback = false, project } = options;
  const [standing] = await readStandings(opened.store, [query.id]);
  const state =
    options.fromStart === true || standing === undefined
      ? undefined
      : firstState(query.partner, { state: standing.state, more: true });
  const fetched = await callPartner(opened, context, {
    ...{ query, request: encodeRequest(query, state), deadlineMs: CALL },
    ...{ issuer, extraRootFile, plaintextLoopback, project },
  });
  if (fetched.kind === 'failed') throw new CommandFault(failure(query, fetched), FOUND);
  const decoded = decodeAnswer(fetched.bytes, { maxKeys: query.maxPageKeys, state });
  if (decoded.kind === 'page') return decoded.page;
  throw new CommandFault(`the answer of ${query.server} cannot be read: ${decoded.why}`, FOUND);
}

function failure(
  { server }: FederationQuery,
  { problem, status, said }: Extract<Awaited<ReturnType<typeof callPartner>>, { kind: 'failed' }>,
): string {
  const words = said === '' ? '' : `, saying "${printable(said)}"`;
  return `${server} answered ${status}${words}: ${PULL_PROBLEMS[problem].sentence}`;
}

function summaryOf(page: PartnerPage, query: FederationQuery) {
  const { keys, rejects } = receivePage(page, { query, maxOnsetMagnitude: ONSET_DAYS });
  return {
    server: query.server,
    keys: page.keys.length,
    revisedKeys: page.revisedKeys.length,
    usable: keys.length,
    rejects,
    regions: [...new Set(keys.flatMap(({ regions }) => regions))].sort(),
    moreToCome: page.more,
    nextSeconds: page.next?.keys.timestamp,
  };
}

function render(page: PartnerPage, query: FederationQuery): string {
  const summary = summaryOf(page, query);
  const next = summary.nextSeconds;
  const lines = [
    `${summary.server} knows us, and answered ${counted(summary.keys, 'key')} and ${counted(summary.revisedKeys, 'revised key')}.`,
    `${counted(summary.usable, 'key')} can be used, of the regions: ${summary.regions.join(', ') || 'none'}.`,
    summary.moreToCome ? 'More is to come at once.' : 'There is nothing more for now.',
    next === undefined
      ? 'It names no state.'
      : `The next call goes on from ${timeText(Math.max(0, next))}.`,
    'Nothing was stored.',
  ];
  const rows = summary.rejects.map(({ field, reason, count }) => [field, reason, String(count)]);
  const refused = rows.length === 0 ? '' : table(['FIELD', 'REASON', 'KEYS'], rows);
  return `${lines.join('\n')}\n${refused}`;
}
