import { blocksOf } from './pages.ts';

/** A request or an answer as a page shows it. */
interface Message {
  readonly first: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request of a page, and the answer that follows it. */
interface Example {
  /** The position of the request among the blocks of the page. */
  readonly n: number;
  /** What is away or otherwise wrong at the server; empty when nothing is. */
  readonly away: string;
  readonly request: Message;
  readonly answer: Message;
  readonly code: string;
  readonly status: number;
}

/** Ends a test over a page that is not as it must be. */
export function fail(why: string): never {
  throw new Error(why);
}

/** The block of a page with these words behind its backticks. */
export const blockNamed = (page: string, info: string): string =>
  blocksOf(page)
    .find((block) => block.info === info)
    ?.body.trim() ?? fail(`no block ${info}`);

/** The requests of a page with their answers, in its order. */
export function examplesOf(page: string): readonly Example[] {
  const blocks = blocksOf(page);
  return blocks.flatMap((block, n) => {
    const [, , away = ''] = block.info.split(' ');
    const next = blocks[n + 1];
    if (!block.info.startsWith('http request')) return [];
    if (next?.info !== 'http answer') return fail(`request ${n} has no answer`);
    const request = messageOf(block.body);
    const answer = messageOf(next.body);
    const { code = 'none' } = JSON.parse(answer.body) as { code?: string };
    return [{ n, away, request, answer, code, status: Number(answer.first.split(' ')[1]) }];
  });
}

function messageOf(block: string): Message {
  const [head = '', ...rest] = block.trim().split('\n\n');
  const [first = '', ...lines] = head.split('\n');
  const headers = lines.map((line) => line.split(': ', 2) as [string, string]);
  return { first, headers: Object.fromEntries(headers), body: rest.join('\n\n') };
}
