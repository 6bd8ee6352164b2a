import { type Logger, configuredId } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import { type LogOf, type ReadBody, bodyReader } from '@keyserver/service';
import type { Request, Response } from 'express';
import type { UploadStatistics } from '@keyserver/exposure-keys';
import { type PublishDeps, type PublishOutcome, publishKeys } from '../publish-keys.ts';
import { type PaddingLength, padding } from './padding.ts';
import type { ParseUpload, PhoneRequest } from './publish-request.ts';
import { type PublishAnswer, answerTo, unreadable } from './publish-response.ts';
import type { UploadApi } from './upload-api.ts';

/** The longest body that is read. */
const MAX_BODY_BYTES = 64_000;

/** What answering phones needs. */
export interface PublishRouteDeps extends PublishDeps {
  readonly random: Random;
  readonly padding: PaddingLength;
}

/** Reads an upload, has it published, and answers in the form of its API. */
export function publishRoute(
  api: UploadApi,
  deps: PublishRouteDeps,
  logOf: LogOf,
): (request: Request, response: Response) => Promise<void> {
  const reader: UploadReader = {
    readBody: bodyReader({ limit: MAX_BODY_BYTES }),
    parse: api.parser(deps.rules),
  };
  return async (request, response) => {
    response.set('x-api-version', api.version);
    const log = logOf(request);
    const reading = await readUpload(request, response, reader);
    if (reading.kind === 'aborted') log.event('publish.aborted', {});
    else {
      const answer = await answerReading(reading, deps, log);
      if (answer.retryAfter !== undefined) response.set('Retry-After', String(answer.retryAfter));
      send(response, answer, { ...deps, render: api.render });
    }
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

interface UploadReader {
  readonly readBody: ReadBody;
  readonly parse: ParseUpload;
}

async function readUpload(
  request: Request,
  response: Response,
  { readBody, parse }: UploadReader,
): Promise<Reading> {
  if (request.method !== 'POST') {
    response.set('Allow', 'POST');
    return refused(405, 'uploads are sent with POST');
  }
  const problem = mediaProblem(request);
  if (problem !== undefined) return refused(415, problem);
  const body = await readBody(request, response);
  if (body.kind === 'aborted') return body;
  if (body.kind === 'too_large') return refused(413, `the body is over ${MAX_BODY_BYTES} bytes`);
  const parsed = parse(body.bytes);
  if (parsed.kind === 'refused') return refused(400, parsed.problem);
  return { kind: 'upload', upload: parsed.request, userAgent: request.headers['user-agent'] };
}

/** Why a body is not worth reading: it is no JSON, or JSON that would have to be unpacked first. */
function mediaProblem({ headers }: Request): string | undefined {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers;
  if (!type.startsWith('application/json')) return 'the Content-Type must be application/json';
  return encoding.toLowerCase() === 'identity'
    ? undefined
    : 'the body must not have a Content-Encoding';
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
    const { code = 'bad_request', status } = reading.answer;
    log.event('publish.refused', { code, status });
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
  const { app, authority, inserted, revised, problems, warnings } = outcome;
  log.event('publish.accepted', {
    app: configuredId(app),
    ...(authority === undefined ? {} : { authority: configuredId(authority) }),
    inserted,
    revised,
    dropped: problems.length,
    warned: warnings.length,
  });
}

function send(
  response: Response,
  answer: PublishAnswer,
  deps: PublishRouteDeps & Pick<UploadApi, 'render'>,
): void {
  // Written as bytes: Express would add a charset, which the answers of this API do not have.
  const body = Buffer.from(deps.render(answer, padding(deps.random, deps.padding)));
  response.status(answer.status).setHeader('Content-Type', 'application/json').end(body);
}

/** The phone's platform as its User-Agent tells; counted in statistics and used for nothing else. */
export function clientPlatform(userAgent: string | undefined): UploadStatistics['platform'] {
  const agent = (userAgent ?? '').toLowerCase();
  if (agent.includes('android')) return 'android';
  if (agent.includes('iphone')) return 'ios';
  if (agent.includes('bluetoothd') && agent.includes('cfnetwork')) return 'ios';
  return 'unknown';
}
