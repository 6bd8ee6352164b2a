import { within } from '@keyserver/retry';
import type { Timers } from '@keyserver/time';
import { readBounded } from './bounded-read.ts';
import { CommandFault, reasonOf } from './command-fault.ts';

/** What the publish service answered. */
export interface Answer {
  readonly status: number;
  /** The JSON of the body without its padding; undefined when it is not JSON. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** What is sent to the publish service. */
interface JsonRequest {
  readonly route: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What cannot be done when there is no answer, as it stands before the address. */
  readonly purpose: string;
}

const DEADLINE_MS = 30_000;
const MAX_ANSWER_BYTES = 256 * 1024;

/** Sends JSON to a route of a publish service, which is named by its address with or without the route. */
export async function postJson(
  service: URL,
  { route, body, headers, purpose }: JsonRequest,
  timers: Timers,
): Promise<Answer> {
  const url = service.pathname.endsWith(route)
    ? service
    : new URL(`${service.pathname.replace(/\/$/, '')}${route}`, service);
  try {
    return await within({ ms: DEADLINE_MS, timers }, async (signal) => {
      const all = { 'content-type': 'application/json', ...headers };
      const post = { method: 'POST', headers: all, body, signal } as const;
      const response = await fetch(url, { ...post, redirect: 'error' });
      const answer = await readBounded(response, MAX_ANSWER_BYTES, url);
      return { status: response.status, body: bodyOf(Buffer.from(answer).toString()) };
    });
  } catch (error) {
    throw error instanceof CommandFault
      ? error
      : new CommandFault(`cannot ${purpose} ${url.href}: ${reasonOf(error)}`);
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
