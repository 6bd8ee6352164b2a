import type { AppDeps } from '@keyserver/publish/testing';
import { expectDescribed } from './described-answers.ts';
import { blocksOf } from './pages.ts';

/** A request or an answer as a page shows it. */
interface Message {
  readonly first: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request and its answer as a page of an API shows them. */
export interface PageExample {
  /** The position of the request among the blocks of the page. */
  readonly n: number;
  /** In what state of the server, as the page names it; empty for one that is well. */
  readonly state: string;
  readonly request: Message;
  readonly answer: Message;
  readonly code: string;
  readonly status: number;
}

function messageOf(block: string): Message {
  const [head = '', ...rest] = block.trim().split('\n\n');
  const [first = '', ...lines] = head.split('\n');
  const headers = lines.map((line) => line.split(': ', 2) as [string, string]);
  return { first, headers: Object.fromEntries(headers), body: rest.join('\n\n') };
}

/** The examples of a page in their order; a request without an answer is thrown. */
export function examplesOf(page: string): readonly PageExample[] {
  const blocks = blocksOf(page);
  return blocks.flatMap((block, n) => {
    const [, , state = ''] = block.info.split(' ');
    const next = blocks[n + 1];
    if (!block.info.startsWith('http request')) return [];
    if (next?.info !== 'http answer') throw new Error(`request ${n} has no answer`);
    const request = messageOf(block.body);
    const answer = messageOf(next.body);
    const { code = 'none' } = JSON.parse(answer.body) as { code?: string };
    return [{ n, state, request, answer, code, status: Number(answer.first.split(' ')[1]) }];
  });
}

/** Sends the request of an example; `bodyOf` turns the body that the page shows into the one that is sent. */
export async function sendExample(
  url: string,
  { request }: PageExample,
  bodyOf: (shown: string) => string = (shown) => shown,
): Promise<Response> {
  const [method = '', path = ''] = request.first.split(' ');
  const body = method === 'GET' ? {} : { body: bodyOf(request.body) };
  return await fetch(`${url}${path}`, { method, headers: request.headers, ...body });
}

/** Expects an answer of a server to be the one that the page shows: random texts are shown as `…`. */
export async function expectShown(
  response: Response,
  { request, answer, status }: PageExample,
): Promise<void> {
  await expectDescribed(response, request.first.split(' ')[1] ?? '');
  const { padding, revisionToken, ...said } = (await response.json()) as Record<string, unknown>;
  const { padding: shownPadding, ...others } = JSON.parse(answer.body) as Record<string, unknown>;
  const { revisionToken: shownToken, ...shown } = others;
  const isRandom = typeof revisionToken === 'string' && revisionToken !== '';
  expect(said).toEqual(shown);
  expect(shownToken).toBe(isRandom ? '…' : revisionToken);
  if (shownPadding === undefined) expect(padding).toBeUndefined();
  else {
    expect(shownPadding).toBe('…');
    expect(Buffer.from(String(padding), 'base64').length).toBeGreaterThanOrEqual(1024);
  }
  expect(response.status).toBe(status);
  for (const [name, value] of Object.entries(answer.headers))
    expect(response.headers.get(name)).toBe(value);
}

/** How a server stands to uploads in the states that pages name. */
export const CLOSED: Readonly<Record<'ended' | 'hibernating', AppDeps['closed']>> = {
  ended: async () => await Promise.resolve('for good'),
  hibernating: async () => await Promise.resolve('for now'),
};
