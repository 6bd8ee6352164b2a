import { leaveOut } from '@keyserver/service';
import type { Request, RequestHandler, Response } from 'express';
import type { AnswerTimes } from '../answer-times.ts';
import { MAX_BODY_BYTES, type PhoneAnswers } from './phone-answers.ts';
import { answerToFault } from './publish-fault.ts';
import {
  type PublishAnswer,
  RETRY_AFTER_SECONDS,
  renderAnswer,
  unavailable,
  unreadable,
} from './publish-response.ts';

/** What cover traffic is answered with. */
export interface CoverTrafficDeps {
  readonly times: AnswerTimes;
  /** One more request was cover traffic. */
  readonly countCover: () => void;
}

const COVERED: PublishAnswer = { status: 200 };

/**
 * Answers requests with a header `X-Chaff` that is not empty, and passes on all others. Such a request means nothing: its body
 * is received and never looked at, and nothing is read or written for it. It gets what an upload gets now, after a time that an
 * upload might take now, and `version` as its `x-api-version`.
 */
export function coverTraffic(
  answers: PhoneAnswers,
  { times, countCover }: CoverTrafficDeps,
  version: string,
): RequestHandler {
  return async (request, response, next) => {
    if (!isCover(request)) {
      next();
      return;
    }
    countCover();
    leaveOut(response);
    response.set('x-api-version', version);
    const answer = answerOf((await answers.receive(request, response)).kind, times);
    if (answer !== undefined) await send(answers, response, answer);
  };
}

const isCover = ({ headers }: Request): boolean => (headers['x-chaff'] ?? '').length > 0;

/** What an upload would get whose body was received like this; undefined when its client went away. */
function answerOf(
  received: 'body' | 'too_large' | 'busy' | 'aborted',
  { fault }: AnswerTimes,
): PublishAnswer | undefined {
  switch (received) {
    case 'aborted':
      return undefined;
    case 'busy':
      return unavailable('internal_error');
    case 'too_large':
      return unreadable(413, `the body is over ${MAX_BODY_BYTES} bytes`);
    case 'body':
      return fault === undefined ? COVERED : answerToFault(fault);
  }
}

async function send(
  answers: PhoneAnswers,
  response: Response,
  answer: PublishAnswer,
): Promise<void> {
  const { status } = answer;
  if (status >= 500) response.set('Retry-After', String(RETRY_AFTER_SECONDS));
  const render = (padding: string): string => renderAnswer(answer, padding);
  await answers.send(response, { status, render }, { kind: 'other' });
}
