import { type Logger, configuredId } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import { type LogOf, readBody } from '@keyserver/service';
import type { Request, RequestHandler, Response } from 'express';
import { type PublishDeps, type PublishOutcome, publishKeys } from '../publish-keys.ts';
import { clientPlatform } from './client-platform.ts';
import { type PaddingLength, padding } from './padding.ts';
import { type PhoneRequest, parsePublishRequest } from './publish-request.ts';
import { type PublishAnswer, answerTo, renderAnswer, unreadable } from './publish-response.ts';

/** The longest body that is read. */
const MAX_BODY_BYTES = 64_000;

/** What answering phones needs. */
export interface PublishRouteDeps extends PublishDeps {
  readonly random: Random;
  readonly padding: PaddingLength;
}

/** `/v1/publish`: reads an upload, has it published, and answers in the form that phones know. */
export function publishRoute(deps: PublishRouteDeps, logOf: LogOf): RequestHandler {
  return async (request, response) => {
    response.set('x-api-version', 'v1');
    const log = logOf(request);
    const reading = await readUpload(request, response);
    if (reading.kind === 'aborted') log.event('publish.aborted', {});
    else send(response, await answerReading(reading, deps, log), deps);
  };
}

type Reading =
  | {
      readonly kind: 'upload';
      readonly upload: PhoneRequest;
      readonly userAgent: string | undefined;
    }
  | { readonly kind: 'unreadable'; readonly answer: PublishAnswer }
  | { readonly kind: 'aborted' };

async function readUpload(request: Request, response: Response): Promise<Reading> {
  if (request.method !== 'POST') {
    response.set('Allow', 'POST');
    return refused(405, 'uploads are sent with POST');
  }
  const { 'content-type': contentType = '', 'user-agent': userAgent } = request.headers;
  if (!contentType.startsWith('application/json'))
    return refused(415, 'the Content-Type must be application/json');
  const body = await readBody(request, response, MAX_BODY_BYTES);
  if (body.kind === 'aborted') return body;
  if (body.kind === 'too_large') return refused(413, `the body is over ${MAX_BODY_BYTES} bytes`);
  const parsed = parsePublishRequest(body.bytes);
  if (parsed.kind === 'refused') return refused(400, parsed.problem);
  return { kind: 'upload', upload: parsed.request, userAgent };
}

const refused = (status: Parameters<typeof unreadable>[0], problem: string): Reading => ({
  kind: 'unreadable',
  answer: unreadable(status, problem),
});

async function answerReading(
  reading: Exclude<Reading, { kind: 'aborted' }>,
  deps: PublishDeps,
  log: Logger,
): Promise<PublishAnswer> {
  if (reading.kind === 'unreadable') {
    log.event('publish.refused', { code: 'bad_request', status: reading.answer.status });
    return reading.answer;
  }
  const platform = clientPlatform(reading.userAgent);
  const outcome = await publishKeys({ ...reading.upload, platform }, deps);
  logOutcome(outcome, log);
  return answerTo(outcome);
}

function logOutcome(outcome: PublishOutcome, log: Logger): void {
  if (outcome.kind === 'refused') {
    const { code, app, certificate } = outcome;
    log.event('publish.refused', {
      code,
      ...(app === undefined ? {} : { app: configuredId(app) }),
      ...(certificate === undefined ? {} : { certificate }),
    });
    return;
  }
  const { app, authority, inserted, problems, warnings } = outcome;
  log.event('publish.accepted', {
    app: configuredId(app),
    ...(authority === undefined ? {} : { authority: configuredId(authority) }),
    inserted,
    dropped: problems.length,
    warned: warnings.length,
  });
}

function send(response: Response, answer: PublishAnswer, deps: PublishRouteDeps): void {
  // Written as bytes: Express would add a charset, which the answers of this API do not have.
  const body = Buffer.from(renderAnswer(answer, padding(deps.random, deps.padding)));
  response.status(answer.status).setHeader('Content-Type', 'application/json').end(body);
}
