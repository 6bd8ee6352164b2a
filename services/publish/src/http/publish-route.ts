import { type Logger, configuredId } from '@keyserver/log';
import type { LogOf } from '@keyserver/service';
import type { Request, Response } from 'express';
import type { UploadStatistics } from '@keyserver/exposure-keys';
import { type PublishDeps, type PublishOutcome, publishKeys } from '../publish-keys.ts';
import { type Ending, MAX_BODY_BYTES, type PhoneAnswers } from './phone-answers.ts';
import type { ParseUpload, PhoneRequest } from './publish-request.ts';
import { type PublishAnswer, answerTo, unreadable } from './publish-response.ts';
import type { UploadApi } from './upload-api.ts';

/** How uploads are answered, and where that is logged. */
interface Desk {
  readonly answers: PhoneAnswers;
  readonly logOf: LogOf;
}

/** Reads an upload, has it published, and answers in the form of its API. */
export function publishRoute(
  api: UploadApi,
  deps: PublishDeps,
  { answers, logOf }: Desk,
): (request: Request, response: Response) => Promise<void> {
  const reader: UploadReader = {
    receive: answers.receive,
    parse: api.parser(deps.rules),
  };
  return async (request, response) => {
    response.set('x-api-version', api.version);
    const log = logOf(request);
    const reading = await readUpload(request, response, reader);
    if (reading.kind === 'aborted') {
      log.event('publish.aborted', {});
      return;
    }
    const { answer, ending } = await answerReading(reading, deps, log);
    if (answer.retryAfter !== undefined) response.set('Retry-After', String(answer.retryAfter));
    const render = (padding: string): string => api.render(answer, padding);
    await answers.send(response, { status: answer.status, render }, ending);
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
  readonly receive: PhoneAnswers['receive'];
  readonly parse: ParseUpload;
}

async function readUpload(
  request: Request,
  response: Response,
  { receive, parse }: UploadReader,
): Promise<Reading> {
  if (request.method !== 'POST') {
    response.set('Allow', 'POST');
    return refused(405, 'uploads are sent with POST');
  }
  const problem = mediaProblem(request);
  if (problem !== undefined) return refused(415, problem);
  const body = await receive(request, response);
  if (body.kind === 'aborted') return body;
  if (body.kind === 'too_large') return refused(413, `the body is over ${MAX_BODY_BYTES} bytes`);
  const parsed = parse(body.bytes);
  if (parsed.kind === 'refused') return refused(400, parsed.problem);
  return { kind: 'upload', upload: parsed.request, userAgent: request.headers['user-agent'] };
}

/** Why a body is not worth reading: it is no JSON, or JSON that would have to be unpacked first. */
export function mediaProblem({ headers }: Request): string | undefined {
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

interface Answered {
  readonly answer: PublishAnswer;
  readonly ending: Ending;
}

async function answerReading(
  reading: Exclude<Reading, { kind: 'aborted' }>,
  deps: PublishDeps,
  log: Logger,
): Promise<Answered> {
  if (reading.kind === 'unreadable') {
    const { code = 'bad_request', status } = reading.answer;
    log.event('publish.refused', { code, status });
    return { answer: reading.answer, ending: { kind: 'other', sort: 'unreadable' } };
  }
  const platform = clientPlatform(reading.userAgent);
  const outcome = await publishKeys({ ...reading.upload, platform }, deps);
  logOutcome(outcome, log);
  return { answer: answerTo(outcome), ending: endingOf(outcome) };
}

/**
 * What writes something takes its time; refusals for one reason have the same work. Checks of a certificate that come before its
 * signature take a fraction of what those after it take, so each check that failed is a sort of its own.
 */
function endingOf(outcome: PublishOutcome): Ending {
  if (outcome.kind === 'refused')
    return { kind: 'other', sort: `${outcome.code} ${outcome.certificate ?? ''}` };
  return outcome.effect === 'written'
    ? { kind: 'stored' }
    : { kind: 'other', sort: outcome.effect };
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
  const { app, authority, inserted, revised, problems, warnings, regions, certificate } = outcome;
  log.event('publish.accepted', {
    app: configuredId(app),
    ...(authority === undefined ? {} : { authority: configuredId(authority) }),
    inserted,
    revised,
    dropped: problems.length,
    warned: warnings.length,
    regions: regions.map((id) => configuredId({ id })),
    ...(certificate === undefined ? {} : { certificate }),
  });
}

/** The phone's platform as its User-Agent tells; counted in statistics and used for nothing else. */
export function clientPlatform(userAgent: string | undefined): UploadStatistics['platform'] {
  const agent = (userAgent ?? '').toLowerCase();
  if (agent.includes('android')) return 'android';
  if (agent.includes('iphone')) return 'ios';
  if (agent.includes('bluetoothd') && agent.includes('cfnetwork')) return 'ios';
  return 'unknown';
}
