import { within } from '@keyserver/retry';
import type { Timers } from '@keyserver/time';
import { readBounded } from '../download.ts';
import { CommandFault, reasonOf } from '../failure.ts';

/** What the publish service answered. */
export interface Answer {
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
