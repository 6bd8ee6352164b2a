import { leaveOut } from '@keyserver/service';
import type { Request, RequestHandler } from 'express';
import type { AnswerTimes } from '../answer-times.ts';
import { MAX_BODY_BYTES, type PhoneAnswers } from './phone-answers.ts';
import { answerToFault } from './publish-fault.ts';
import { type PublishAnswer, RETRY_AFTER_SECONDS, paused, unreadable } from './publish-response.ts';
import type { UploadPauses } from '../upload-pauses.ts';
import type { UploadApi } from './upload-api.ts';

/** What cover traffic is answered with. */
export interface CoverTrafficDeps {
  readonly times: AnswerTimes;
  readonly pauses: Pick<UploadPauses, 'keepAllWaiting'>;
  /** One more request was cover traffic. */
  readonly countCover: () => void;
}

const COVERED: PublishAnswer = { status: 200 };

/** Counts cover traffic, and leaves it out of events and figures, also where it is turned away. */
export const countingCover =
  ({ countCover }: CoverTrafficDeps): RequestHandler =>
  (request, response, next) => {
    if (isCover(request)) {
      countCover();
      leaveOut(response);
    }
    next();
  };

/**
 * Answers requests with a header `X-Chaff` that is not empty, and passes on all others. Such a request means nothing: its body
 * is received and never looked at, and nothing is read or written for it. It gets what an upload gets now, after a time that an
 * upload might take now, in the form of this API.
 */
export function coverTraffic(
  api: UploadApi,
  answers: PhoneAnswers,
  { times, pauses }: Pick<CoverTrafficDeps, 'times' | 'pauses'>,
): RequestHandler {
  return async (request, response, next) => {
    if (!isCover(request)) {
      next();
      return;
    }
    response.set('x-api-version', api.version);
    const answer = answerOf((await answers.receive(request, response)).kind, times, pauses);
    if (answer === undefined) return;
    const { status, retryAfter = RETRY_AFTER_SECONDS } = answer;
    if (status >= 500) response.set('Retry-After', String(retryAfter));
    const render = (padding: string): string => api.render(answer, padding);
    await answers.send(response, { status, render }, { kind: 'idle' });
  };
}

const isCover = ({ headers }: Request): boolean => (headers['x-chaff'] ?? '').length > 0;

/** What an upload would get whose body was received like this; undefined when its client went away. */
function answerOf(
  received: 'body' | 'too_large' | 'aborted',
  { fault }: AnswerTimes,
  { keepAllWaiting }: Pick<UploadPauses, 'keepAllWaiting'>,
): PublishAnswer | undefined {
  switch (received) {
    case 'aborted':
      return undefined;
    case 'too_large':
      return unreadable(413, `the body is over ${MAX_BODY_BYTES} bytes`);
    case 'body':
      if (fault !== undefined) return answerToFault(fault);
      return keepAllWaiting() ? paused() : COVERED;
  }
}
