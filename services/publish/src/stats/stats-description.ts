import {
  type DescribedAnswer,
  type DescribedOperation,
  ENDED_ANSWER,
  MAINTENANCE,
  SLEEPS,
} from '../http/described.ts';
import { statsRequest } from './stats-request.ts';

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const counts = (length: number): object => ({
  ...{ type: 'array', items: count, minItems: length, maxItems: length },
});
const group = (properties: object): object => ({
  ...{ type: 'object', additionalProperties: false, required: Object.keys(properties), properties },
});

const day = group({
  day: text,
  publish_requests: group({ unknown: count, android: count, ios: count }),
  total_teks_published: count,
  requests_with_revisions: count,
  tek_age_distribution: counts(16),
  onset_to_upload_distribution: counts(30),
  requests_missing_onset_date: count,
});

const refusalSchema = (code: string): object =>
  group({ error: text, code: { const: code }, padding: text });

const refusal = (description: string, code: string): DescribedAnswer => ({
  description,
  mediaType: 'application/json',
  schema: refusalSchema(code),
});

const AGAIN = { headers: ['Retry-After'] };

/** `/v1/stats`: what a health authority may know of its uploads. */
export const statsOperation: DescribedOperation = {
  path: '/v1/stats',
  method: 'post',
  summary: 'The daily totals of the health authority that signed the bearer token',
  request: {
    schema: statsRequest.schema,
    example: { padding: 'cmFuZG9tIGJ5dGVz' },
  },
  answers: {
    200: {
      description: 'the days that may be shown',
      mediaType: 'application/json',
      schema: {
        ...{ type: 'object', additionalProperties: false, required: ['padding'] },
        properties: { days: { type: 'array', items: day, minItems: 1 }, padding: text },
      },
      example: { padding: 'cmFuZG9tIGJ5dGVz' },
    },
    400: refusal('the body cannot be read', 'bad_request'),
    401: refusal('the token shows no authority that may read', 'unauthorized'),
    405: refusal('another method than POST', 'bad_request'),
    410: ENDED_ANSWER,
    429: {
      description: 'in maintenance',
      mediaType: 'application/json',
      schema: MAINTENANCE,
      ...AGAIN,
    },
    500: refusal('a defect', 'internal_error'),
    503: {
      description:
        'the store is away, statistics are off, too much is worked on, or the server hibernates',
      mediaType: 'application/json',
      schema: { anyOf: [refusalSchema('internal_error'), SLEEPS] },
      ...AGAIN,
    },
  },
};
