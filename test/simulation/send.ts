import type { SimulatedServer } from './server.ts';

const AWAY = 503;

/** What publish answered a phone. */
export interface PhoneAnswer {
  readonly status: number;
  readonly code: string;
  readonly token: string;
  readonly shape: AnswerShape;
}

/** What whoever watches a line could tell an answer by, if it told anything. */
export interface AnswerShape {
  readonly status: number;
  readonly headers: readonly string[];
  readonly bytes: number;
}

/**
 * The answer to a body, an object or any text; undefined when nobody is there or died before it had answered, and when the
 * server says to come again.
 */
export async function send(
  server: SimulatedServer,
  body: Readonly<Record<string, unknown>> | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<PhoneAnswer | undefined> {
  const answer = await server.ask('publish', '/v1/publish', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  if (answer === undefined || answer.status === AWAY) return undefined;
  const { status, body: text } = answer;
  const fields = JSON.parse(text) as Partial<Record<string, string>>;
  return {
    ...{ status, code: fields['code'] ?? '', token: fields['revisionToken'] ?? '' },
    shape: {
      status,
      headers: [...answer.headers.keys()].toSorted(),
      bytes: Buffer.byteLength(text),
    },
  };
}
