import type { AuthorizedApp } from '@keyserver/health-authority';
import type { PublishOutcome, RefusalCode } from '../publish-keys.ts';
import {
  type PublishAnswer,
  answerTo,
  renderAlphaAnswer,
  renderAnswer,
  unavailable,
  unreadable,
} from './publish-response.ts';

const app: AuthorizedApp = {
  id: 'app',
  regions: ['US'],
  authorities: [],
  bypassCertificate: false,
  bypassRevisionToken: false,
};

const published = (
  overrides: Partial<PublishOutcome & { kind: 'published' }> = {},
): PublishOutcome => ({
  kind: 'published',
  app,
  authority: undefined,
  regions: ['US'],
  certificate: undefined,
  inserted: 1,
  revised: 0,
  effect: 'written',
  revisionToken: undefined,
  problems: [],
  warnings: [],
  ...overrides,
});

const read = (answer: PublishAnswer): unknown => JSON.parse(renderAnswer(answer, 'PAD='));

describe('the answer to an upload', () => {
  it('says how many keys were inserted, and nothing else, when all is well', () => {
    expect(renderAnswer(answerTo(published()), 'PAD=')).toBe(
      '{"insertedExposures":1,"padding":"PAD="}',
    );
  });

  it('leaves out a count of zero and an empty list of warnings', () => {
    expect(renderAnswer(answerTo(published({ inserted: 0 })), 'PAD=')).toBe('{"padding":"PAD="}');
  });

  it('is 200 with the code partial_failure when some keys were refused', () => {
    const answer = answerTo(published({ problems: ['key 0: too old', 'key 2: no period'] }));
    expect(answer).toMatchObject({ status: 200, code: 'partial_failure', insertedExposures: 1 });
    expect(answer.error).toBe('problems: 2\n\t* key 0: too old\n\t* key 2: no period\n\n');
  });

  it('carries warnings beside a success without calling it a failure', () => {
    const warnings = ['key 0: far from onset'];
    expect(read(answerTo(published({ inserted: 0, warnings })))).toEqual({
      padding: 'PAD=',
      warnings,
    });
  });

  it.each<[RefusalCode, number]>([
    ['bad_request', 400],
    ['unknown_health_authority_id', 401],
    ['health_authority_missing_region_config', 500],
    ['health_authority_verification_certificate_invalid', 401],
    ['missing_revision_token', 400],
    ['invalid_revision_token', 400],
  ])('to a refusal as %s has the status %i', (code, status) => {
    const answer = answerTo({ kind: 'refused', code, problems: [], warnings: ['key 1: w'] });
    expect(answer).toMatchObject({ status, code, warnings: ['key 1: w'] });
    expect(answer.error).toMatch(/\w/u);
    expect(answer.insertedExposures).toBeUndefined();
  });

  it('to regions that are not allowed has a status and no code', () => {
    const refusal = { kind: 'refused', problems: [], warnings: [] } as const;
    const answer = answerTo({ ...refusal, code: 'region_not_allowed' });
    expect(answer).toMatchObject({ status: 401, error: expect.stringMatching(/\w/u) as string });
    expect(answer).not.toHaveProperty('code');
  });

  it('to an application that may publish no more today says when it may', () => {
    const refusal = { kind: 'refused', problems: [], warnings: [] } as const;
    const answer = answerTo({ ...refusal, code: 'ceiling_reached', retryAfter: 7 });
    expect(answer).toMatchObject({ status: 429, retryAfter: 7 });
    expect(answer).not.toHaveProperty('code');
    expect(Object.keys(JSON.parse(renderAnswer(answer, '')) as object)).toEqual([
      'error',
      'padding',
    ]);
  });

  it('lists every problem of an upload that was refused as a whole', () => {
    const answer = answerTo({
      kind: 'refused',
      code: 'bad_request',
      problems: ['no keys'],
      warnings: [],
    });
    expect(answer.error).toBe('problems: 1\n\t* no keys\n\n');
  });

  it.each([400, 405, 413, 415] as const)(
    'to an unreadable request names its status %i',
    (status) => {
      expect(unreadable(status, 'the reason')).toEqual({
        status,
        code: 'bad_request',
        error: `${status}: the reason`,
      });
    },
  );

  it('asks the phone to try again later when this server could not decide', () => {
    expect(unavailable('internal_error').status).toBe(503);
    expect(unavailable('unable_to_load_health_authority').status).toBe(500);
  });

  it('in the first API holds every field but the warnings, and no code', () => {
    const partial = answerTo(published({ problems: ['key 0: too old'], revisionToken: 'T' }));
    expect(JSON.parse(renderAlphaAnswer(partial, 'PAD='))).toEqual({
      revisionToken: 'T',
      insertedExposures: 1,
      error: 'problems: 1\n\t* key 0: too old\n\n',
      padding: 'PAD=',
    });
    const nothing = answerTo(published({ inserted: 0 }));
    expect(renderAlphaAnswer(nothing, 'PAD=')).toBe(
      '{"revisionToken":"","insertedExposures":0,"error":"","padding":"PAD="}',
    );
    expect(renderAlphaAnswer({ ...nothing, warnings: ['<'] }, '')).toContain(
      '"warnings":["\\u003c"]',
    );
  });

  it('escapes what HTML or old JavaScript could mistake for markup', () => {
    const error = '<b>&\u2028\u2029</b>';
    const text = renderAnswer({ status: 400, error }, '');
    expect(text).toBe(
      '{"error":"\\u003cb\\u003e\\u0026\\u2028\\u2029\\u003c/b\\u003e","padding":""}',
    );
    expect(JSON.parse(text)).toMatchObject({ error });
  });
});
