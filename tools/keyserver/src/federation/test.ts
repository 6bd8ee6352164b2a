import {
  type FederationQuery,
  PULL_PROBLEMS,
  type PartnerPage,
  decodeAnswer,
  encodeRequest,
  firstState,
  receivePage,
} from '@keyserver/federation';
import { readStandings } from '@keyserver/stores';
import { SECOND } from '@keyserver/time';
import type { Command } from 'commander';
import { CommandFault, FOUND } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions, openStore } from '../open-store.ts';
import { exampleOf } from '../options.ts';
import { counted, jsonText, printable, table, timeText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type OpenStore, callPartner } from '../wiring.ts';
import { addQueryOption, configuredQuery } from './options.ts';

interface TestOptions extends StoreFlags {
  readonly query: string;
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

/** `federation test`: makes one call of a query and explains what came back; stores nothing. */
export function addFederationTest(federation: Command, context: CommandContext): void {
  addQueryOption(addStoreOptions(federation.command('test'), context.dataDirectory))
    .description('Call a partner once as a query would, and explain the answer; nothing is stored.')
    .option('--issuer <url>', 'on one machine: the issuer that our identity token names', ISSUER)
    .option('--extra-root-file <file>', 'certificates (PEM) to trust besides')
    .option('--plaintext-loopback', 'call a partner on this very machine without TLS')
    .option('--from-start', 'ask from the beginning, not from where the query stopped')
    .option('--json', 'print JSON')
    .addHelpText('after', exampleOf('federation test --query neighbour'))
    .action(async (options: TestOptions) => {
      const opened = await openStore(options, context, { mayBeNew: 'nothing' });
      try {
        const query = await configuredQuery(opened, options.query);
        const page = await fetchOnce(opened, query, { options, context });
        context.terminal.out(
          options.json === true ? jsonText(summaryOf(page, query)) : render(page, query),
        );
      } finally {
        await opened.close();
      }
    });
}

async function fetchOnce(
  opened: OpenStore,
  query: FederationQuery,
  { options, context }: { readonly options: TestOptions; readonly context: CommandContext },
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
