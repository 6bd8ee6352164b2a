import type { OfferedKey } from '@keyserver/exposure-keys';
import { within } from '@keyserver/retry';
import { type Timers, type UnixMillis, intervalNumber, intervalStart } from '@keyserver/time';
import { readBounded } from '../bounded-read.ts';
import { CommandFault, reasonOf } from '../command-fault.ts';
import { counted, instantText, printable } from '../render.ts';

/** What the publish service answered. */
interface Answer {
  readonly status: number;
  /** The JSON of the body without its padding; undefined when it is not JSON. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

const DEADLINE_MS = 30_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const ROUTE = '/v1/publish';

/** Sends an upload to a publish service, named by its address with or without the route. */
export async function sendUpload(service: URL, request: string, timers: Timers): Promise<Answer> {
  const url = service.pathname.endsWith(ROUTE)
    ? service
    : new URL(`${service.pathname.replace(/\/$/, '')}${ROUTE}`, service);
  try {
    return await within({ ms: DEADLINE_MS, timers }, async (signal) => {
      const headers = { 'content-type': 'application/json' };
      const post = { method: 'POST', headers, body: request, signal } as const;
      const response = await fetch(url, { ...post, redirect: 'error' });
      const answer = await readBounded(response, MAX_ANSWER_BYTES, url);
      return { status: response.status, body: bodyOf(Buffer.from(answer).toString()) };
    });
  } catch (error) {
    throw error instanceof CommandFault
      ? error
      : new CommandFault(`cannot publish to ${url.href}: ${reasonOf(error)}`);
  }
}

function bodyOf(text: string): Answer['body'] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    return Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'padding'));
  } catch {
    return undefined;
  }
}

/** The server's answer to an upload as people read it, and what becomes of the keys next. */
export function renderAnswer(
  { status, body }: Answer,
  keys: readonly OfferedKey[],
  now: UnixMillis,
): string {
  const fields = Object.entries(body ?? {}).map(
    ([name, value]) => `  ${printable(name)}: ${printable(shown(name, textOf(value)))}\n`,
  );
  return [
    `Sent ${counted(keys.length, 'key')}; the server answered ${status}.\n`,
    ...fields,
    ...(status === 200 ? whatHappensNext(keys, now) : []),
  ].join('');
}

/** A token is long, and says nothing to people. */
const shown = (name: string, text: string): string =>
  name === 'revisionToken' ? `${counted(text.length, 'character')}, see --json` : text;

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

function whatHappensNext(keys: readonly OfferedKey[], now: UnixMillis): readonly string[] {
  const running = keys.map(endOf).filter((end) => end > now);
  const ended = keys.length - running.length;
  return [
    ...(ended === 0
      ? []
      : [
          `Of what the server kept, ${counted(ended, 'key')} will be in the first export file made after the present window has closed.\n`,
        ]),
    ...running.map(
      (end) =>
        `One key is valid until ${instantText(end)}; no file holds it before the window after that has closed.\n`,
    ),
  ];
}

/** The first instant at which a key is not valid any more; no server gives it out earlier. */
export const endOf = ({ rollingStartNumber, rollingPeriod }: OfferedKey): UnixMillis =>
  intervalStart(intervalNumber(rollingStartNumber + rollingPeriod));
