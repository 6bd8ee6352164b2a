import { CLOSED_BODIES } from './closed-server.ts';
import type { Field } from './strict-body.ts';

/** What a client may get with one status. */
export interface DescribedAnswer {
  readonly description: string;
  readonly mediaType: string;
  /** JSON schema, 2020-12. */
  readonly schema: object;
  readonly example?: unknown;
  /** Headers that it carries besides those of every answer. */
  readonly headers?: readonly string[];
}

/** One method of one path, as its clients need to know it. */
export interface DescribedOperation {
  readonly path: string;
  readonly method: 'get' | 'post';
  readonly summary: string;
  readonly request?: { readonly schema: Field; readonly example: unknown };
  readonly answers: Readonly<Record<number, DescribedAnswer>>;
}

/** The answer of a service in maintenance. */
export const MAINTENANCE = {
  type: 'object',
  additionalProperties: false,
  required: ['error'],
  properties: { error: { const: 'please try again later' } },
};

const turnedAway = ({ code, error }: { readonly code: string; readonly error: string }) => ({
  type: 'object',
  additionalProperties: false,
  required: ['code', 'error'],
  properties: { code: { const: code }, error: { const: error } },
});

/** What a server says that hibernates, or is to. */
export const SLEEPS = turnedAway(CLOSED_BODIES.sleeps);

/** The answer of a server that has ended, which is the same at every path. */
export const ENDED_ANSWER: DescribedAnswer = {
  description: 'the server has ended, or is to end',
  mediaType: 'application/json',
  schema: turnedAway(CLOSED_BODIES.ended),
};
