import type { PublishOutcome, RefusalCode } from '../publish-keys.ts';

type FaultCode = 'internal_error' | 'unable_to_load_health_authority';

/** What is refused by its status alone: the published codes have none for it. */
type Codeless = 'region_not_allowed' | 'ceiling_reached';

/** The codes that an answer to an upload can carry. */
type PublishCode = Exclude<RefusalCode, Codeless | 'paused'> | FaultCode | 'partial_failure';

/** An answer to an upload before it is padded and written. */
export interface PublishAnswer {
  readonly status: number;
  readonly code?: PublishCode;
  readonly error?: string;
  readonly insertedExposures?: number;
  readonly revisionToken?: string;
  readonly warnings?: readonly string[];
  /** After how many seconds the same upload may be taken. */
  readonly retryAfter?: number;
}

/** Long enough for an outage to be noticed, short enough for a phone to have its keys published the same day. */
export const RETRY_AFTER_SECONDS = 60;

/** A pause lasts from minutes to days. Phones that ask more often would be answered the same. */
const PAUSED_RETRY_AFTER_SECONDS = 300;

const STATUS: Readonly<Record<PublishCode, number>> = {
  bad_request: 400,
  unknown_health_authority_id: 401,
  health_authority_missing_region_config: 500,
  health_authority_verification_certificate_invalid: 401,
  missing_revision_token: 400,
  invalid_revision_token: 400,
  key_already_revised: 400,
  invalid_report_type_transition: 400,
  partial_failure: 200,
  unable_to_load_health_authority: 500,
  internal_error: 503,
};

const text = { type: 'string' };
const common = { padding: text, warnings: { type: 'array', items: text, minItems: 1 } };

/** The JSON schema of the answers of v1 with a status: which fields there may be, and which codes. */
export function answerSchemas(status: number): object {
  const codes = Object.entries(STATUS).filter(([, of]) => of === status);
  const more = MORE_CODES[status] ?? [];
  return {
    type: 'object',
    additionalProperties: false,
    required: status === 200 ? ['padding'] : ['error', 'padding'],
    properties: {
      ...(status === 200
        ? { revisionToken: text, insertedExposures: { type: 'integer', minimum: 1 } }
        : {}),
      error: text,
      ...(status === 429 ? {} : { code: { enum: [...codes.map(([code]) => code), ...more] } }),
      ...common,
    },
  };
}

/** Codes that have other statuses too than that of their meaning. */
const MORE_CODES: Readonly<Record<number, readonly PublishCode[]>> = {
  400: ['internal_error'],
  405: ['bad_request'],
  413: ['bad_request'],
  415: ['bad_request'],
  500: ['internal_error'],
};

/** The JSON schema of every answer of v1alpha1. */
export const alphaAnswerSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['revisionToken', 'insertedExposures', 'error', 'padding'],
  properties: {
    revisionToken: text,
    insertedExposures: { type: 'integer', minimum: 0 },
    error: text,
    ...common,
  },
};

const CODELESS: Readonly<Record<Codeless, PublishAnswer>> = {
  region_not_allowed: { status: 401, error: 'the application may not publish for these regions' },
  ceiling_reached: { status: 429, error: 'the application may publish no more keys today' },
};

const isCodeless = (code: RefusalCode): code is Codeless => Object.hasOwn(CODELESS, code);

const MEANING: Readonly<Record<PublishCode, string>> = {
  bad_request: 'the upload was refused',
  unknown_health_authority_id: 'no application with this id may publish here',
  health_authority_missing_region_config: 'no region is configured for this application',
  health_authority_verification_certificate_invalid:
    'the verification certificate is not valid for these keys',
  missing_revision_token: 'a key was published before and no revision token was sent',
  invalid_revision_token: 'the revision token does not cover the keys published before',
  key_already_revised: 'a key was revised before, to another report type',
  invalid_report_type_transition: 'a key cannot be revised to this report type',
  partial_failure: 'some keys were refused',
  unable_to_load_health_authority: 'the application cannot be looked up now, try again later',
  internal_error: 'the upload cannot be taken now, try again later',
};

/** What a phone is told about how its upload ended. */
export function answerTo(outcome: PublishOutcome): PublishAnswer {
  const { problems, warnings } = outcome;
  if (outcome.kind === 'refused') {
    const { code, retryAfter } = outcome;
    const again = retryAfter === undefined ? {} : { retryAfter };
    return { ...refusalWith(code, problems), ...again, warnings };
  }
  const { revisionToken } = outcome;
  const token = revisionToken === undefined ? {} : { revisionToken };
  const partial = problems.length === 0 ? {} : answerWith('partial_failure', problems);
  return { status: 200, ...partial, insertedExposures: outcome.inserted, ...token, warnings };
}

/** What a phone is told when its request could not be read as an upload. */
export function unreadable(status: 400 | 405 | 413 | 415, problem: string): PublishAnswer {
  return { status, code: 'bad_request', error: `${status}: ${problem}` };
}

/** What a phone is told when nothing is wrong with its upload, but this server could not decide about it. */
export const unavailable = (code: FaultCode): PublishAnswer => answerWith(code, []);

/** What a phone is told whose upload waits for the end of a pause: nothing is wrong with it, as in an outage. */
export const paused = (): PublishAnswer => ({
  ...unavailable('internal_error'),
  retryAfter: PAUSED_RETRY_AFTER_SECONDS,
});

/** What is wrong with an upload stays wrong when it is sent again, so a refusal never asks to try again. */
function refusalWith(code: RefusalCode, problems: readonly string[]): PublishAnswer {
  if (isCodeless(code)) return CODELESS[code];
  if (code === 'paused') return paused();
  return code === 'internal_error'
    ? { status: 400, code, error: 'a key was published before with another start or period' }
    : answerWith(code, problems);
}

function answerWith(code: PublishCode, problems: readonly string[]): PublishAnswer {
  const listed = problems.map((problem) => `\t* ${problem}\n`).join('');
  const error = problems.length === 0 ? MEANING[code] : `problems: ${problems.length}\n${listed}\n`;
  return { status: STATUS[code], code, error };
}

/** The JSON text of an answer of v1: empty fields left out, and nothing in it that HTML could mistake for markup. */
export function renderAnswer(answer: PublishAnswer, padding: string): string {
  const { insertedExposures, revisionToken, error, code } = answer;
  const body = {
    ...(revisionToken === undefined ? {} : { revisionToken }),
    ...(insertedExposures === undefined || insertedExposures === 0 ? {} : { insertedExposures }),
    ...(error === undefined ? {} : { error }),
    ...(code === undefined ? {} : { code }),
    padding,
    ...warningsOf(answer),
  };
  return harmlessJson(body);
}

/** The JSON text of an answer of v1alpha1: no code, and all fields but the warnings whatever they hold. */
export const renderAlphaAnswer = (answer: PublishAnswer, padding: string): string =>
  harmlessJson({
    revisionToken: answer.revisionToken ?? '',
    insertedExposures: answer.insertedExposures ?? 0,
    error: answer.error ?? '',
    padding,
    ...warningsOf(answer),
  });

const warningsOf = ({ warnings = [] }: PublishAnswer): object =>
  warnings.length === 0 ? {} : { warnings };

const harmlessJson = (body: object): string =>
  JSON.stringify(body).replace(/[<>&\u2028\u2029]/gu, escaped);

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
