import { alphaForm } from './alpha-request.ts';
import { statsOperation } from '../stats/stats-description.ts';
import {
  type DescribedAnswer,
  type DescribedOperation,
  ENDED_ANSWER,
  MAINTENANCE,
  SLEEPS,
} from './described.ts';
import { schemaOf, v1Form } from './publish-request.ts';
import { alphaAnswerSchema, answerSchemas } from './publish-response.ts';
import { V1, V1ALPHA1 } from './upload-api.ts';

export type { DescribedAnswer, DescribedOperation } from './described.ts';

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  200: 'taken, perhaps but for some keys',
  400: 'the body cannot be read, or its keys cannot be taken',
  401: 'the application or its certificate is not valid',
  405: 'another method than POST',
  413: 'the body is too long',
  415: 'the body is no JSON, or encoded',
  429: 'in maintenance, or the application may publish no more today',
  500: 'the application cannot be looked up or has no region, or a defect',
  503: 'the store is away, too many uploads are worked on, or the server hibernates',
};
const RETRIED = [429, 503];
/** What else may come with a status, whatever the API. */
const OTHERWISE: Readonly<Record<number, object>> = { 429: MAINTENANCE, 503: SLEEPS };

const key = {
  key: 'AAECAwQFBgcICQoLDA0ODw==',
  rollingStartNumber: 2_700_000,
  rollingPeriod: 144,
  transmissionRisk: 0,
};
const shared = {
  temporaryExposureKeys: [key],
  verificationPayload: 'header.claims.signature',
  symptomOnsetInterval: 2_699_712,
  revisionToken: '',
  padding: 'cmFuZG9tIGJ5dGVz',
};

function answersOf(schemaFor: (status: number) => object, example: object) {
  const answerFor = (status: number): DescribedAnswer => ({
    description: DESCRIPTIONS[status] ?? '',
    mediaType: 'application/json',
    schema: eitherOf(schemaFor(status), OTHERWISE[status]),
    ...(status === 200 ? { example } : {}),
    ...(RETRIED.includes(status) ? { headers: ['Retry-After'] } : {}),
  });
  const own = Object.fromEntries(
    Object.keys(DESCRIPTIONS).map((status) => [status, answerFor(Number(status))]),
  );
  return { ...own, 410: ENDED_ANSWER };
}

const eitherOf = (schema: object, other: object | undefined): object =>
  other === undefined ? schema : { anyOf: [schema, other] };

const v1: Omit<DescribedOperation, 'path'> = {
  method: 'post',
  summary: 'Publishes the keys of one phone',
  request: {
    schema: schemaOf(v1Form),
    example: { ...shared, healthAuthorityID: 'org.example.test', hmacKey: 'AAAA', traveler: false },
  },
  answers: answersOf((status) => answerSchemas(status), {
    revisionToken: 'CgEx',
    insertedExposures: 1,
    padding: 'cmFuZG9tIGJ5dGVz',
  }),
};

const alpha: Omit<DescribedOperation, 'path'> = {
  method: 'post',
  summary: 'Publishes the keys of one phone whose app speaks the first API; 404 unless it is on',
  request: {
    schema: schemaOf(alphaForm),
    example: {
      ...shared,
      ...{ appPackageName: 'org.example.test', hmackey: 'AAAA', regions: ['US'] },
      ...{ platform: 'android', deviceVerificationPayload: '' },
    },
  },
  answers: answersOf(() => alphaAnswerSchema, {
    ...{ revisionToken: 'CgEx', insertedExposures: 1, error: '', padding: 'cmFuZG9tIGJ5dGVz' },
  }),
};

const health: DescribedOperation = {
  path: '/health',
  method: 'get',
  summary: 'Whether uploads can be taken',
  answers: {
    200: {
      description: 'yes',
      mediaType: 'application/json',
      schema: { type: 'object', required: ['status'], properties: { status: { const: 'ok' } } },
      example: { status: 'ok' },
    },
    500: { description: 'no', mediaType: 'application/json', schema: { type: 'object' } },
  },
};

/** Every operation of the publish service. */
export const publishOperations: readonly DescribedOperation[] = [
  ...V1.paths.map((path) => ({ ...v1, path })),
  ...V1ALPHA1.paths.map((path) => ({ ...alpha, path })),
  statsOperation,
  health,
];
