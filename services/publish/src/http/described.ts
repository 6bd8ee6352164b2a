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
