import { DEFAULT_STATS_AUDIENCE, issueStatsToken } from '@keyserver/health-authority';
import { secondsOf } from '@keyserver/time';
import type { Command } from 'commander';
import { type SignerOptions, addSignerOptions, readAuthorityKey } from '../authority.ts';
import { CommandFault, FOUND } from '../command-fault.ts';
import { exampleOf, httpUrl } from '../options.ts';
import { type Answer, postJson } from '../post-json.ts';
import { jsonText, printable, table } from '../render.ts';
import type { CommandContext } from '../terminal.ts';

interface ShowOptions extends SignerOptions {
  readonly url: URL;
  readonly audience: string;
  readonly json?: true;
}

/** `stats show`: asks as a health authority for the statistics of its uploads. */
export function addStatsShow(group: Command, context: CommandContext): void {
  addSignerOptions(group.command('show'), context)
    .description('Sign a token as a health authority, and show the days that it may see.')
    .requiredOption('--url <url>', 'address of the publish service', httpUrl)
    .option('--audience <audience>', 'STATS_AUDIENCE of the server', DEFAULT_STATS_AUDIENCE)
    .option('--json', 'print JSON')
    .addHelpText('after', exampleOf('stats show --url http://127.0.0.1:8080'))
    .action(async (options: ShowOptions) => {
      await show(options, context);
    });
}

const LIFETIME_SECONDS = 60;

async function show(options: ShowOptions, context: CommandContext): Promise<void> {
  const { kid, issuer, audience } = options;
  const token = issueStatsToken({
    ...{ privateKey: await readAuthorityKey(options), kid, issuer, audience },
    ...{ issuedAt: secondsOf(context.clock.now()), lifetimeSeconds: LIFETIME_SECONDS },
  });
  const headers = { authorization: `Bearer ${token}` };
  const request = { route: '/v1/stats', body: '{}', headers, purpose: 'ask for statistics at' };
  const { status, body = {} } = await postJson(options.url, request, context.timers);
  if (status !== 200) throw new CommandFault(refusalOf(status, body), FOUND);
  context.terminal.out(options.json === true ? jsonText(body) : rendered(daysIn(body)));
}

function refusalOf(status: number, { error }: NonNullable<Answer['body']>): string {
  const why = typeof error === 'string' ? `: ${printable(error)}` : '';
  return `the server refused with ${status}${why}`;
}

const daysIn = ({ days }: NonNullable<Answer['body']>): readonly unknown[] =>
  Array.isArray(days) ? days : [];

const NO_DAYS =
  'There is no day to show. A day is shown after it is over: with few uploads two days later.\n';
const HEADING = ['DAY', 'ANDROID', 'IOS', 'UNKNOWN', 'KEYS', 'REVISIONS', 'NO ONSET'];

const rendered = (days: readonly unknown[]): string =>
  days.length === 0 ? NO_DAYS : table(HEADING, days.map(rowOf));

function rowOf(day: unknown): readonly string[] {
  const requests = memberOf(day, 'publish_requests');
  return [
    textOf(memberOf(day, 'day')).slice(0, 'yyyy-mm-dd'.length),
    ...['android', 'ios', 'unknown'].map((platform) => textOf(memberOf(requests, platform))),
    ...['total_teks_published', 'requests_with_revisions', 'requests_missing_onset_date'].map(
      (name) => textOf(memberOf(day, name)),
    ),
  ];
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? printable(String(value)) : '-';

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
