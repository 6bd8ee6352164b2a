import { type ReadBody, bodyReader } from '@keyserver/service';
import type { Response } from 'express';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { AnswerTimes, Worked } from '../answer-times.ts';
import { type AnswerPaceDeps, answerPace, phaseOf } from './answer-pace.ts';
import { type PaddingLength, renderPadded } from './padding.ts';

/** The longest body that is read. */
export const MAX_BODY_BYTES = 64_000;

/** What answers to phones are made with. */
export interface PhoneAnswersDeps extends AnswerPaceDeps {
  readonly times: AnswerTimes;
  readonly padding: PaddingLength;
}

/** What an answer stands for, as far as its time goes. */
export type Ending =
  /** An upload changed something: it leaves when it is ready, and others take as long. */
  | { readonly kind: 'stored' }
  /** An upload met a fault of this server: it leaves when it is ready, and while that lasts others take as long. */
  | { readonly kind: 'failed'; readonly fault: unknown }
  /** Anything else that was worked on: it takes as long as an upload. All of one sort have the same work. */
  | { readonly kind: 'other'; readonly sort: string }
  /** There was nothing to work on. */
  | { readonly kind: 'idle' };

/** An answer before it is padded. Headers of its own are set on the response. */
export interface PhoneAnswer {
  readonly status: number;
  readonly render: (padding: string) => string;
}

/** Receives what phones send and answers so that neither length nor time says what the answer is. */
export interface PhoneAnswers {
  /** Reads a body; what its answer takes is counted from its end. */
  readonly receive: ReadBody;
  /** Sends an answer when its time has come. */
  send(response: Response, answer: PhoneAnswer, ending: Ending): Promise<void>;
  /** Sends an answer now, whose length says nothing either: for what is turned away before it is received. */
  sendAtOnce(response: Response, answer: PhoneAnswer): void;
}

/** One desk for all routes that phones use: bounds and ticks are theirs together. */
export function phoneAnswers(deps: PhoneAnswersDeps): PhoneAnswers {
  const { timers, random, times, padding } = deps;
  const pace = answerPace(deps);
  const readBody = bodyReader({ limit: MAX_BODY_BYTES });
  /** When the bodies of requests were here, on the clock of the timers, ms. */
  const began = new WeakMap<ServerResponse, number>();

  function begin(response: ServerResponse): number {
    const now = timers.monotonic();
    began.set(response, now);
    response.once('close', pace.enter());
    return now;
  }

  const dueAfter = (at: number, ready: number, ending: Ending): number =>
    at + timeOf(times, ending, { ms: ready - at, phase: phaseOf(at) });

  /** Whoever sent no body that was received, sent no upload: its time says nothing. */
  function dueWithoutBody(response: Response): number {
    const at = begin(response);
    return at + times.draw(phaseOf(at));
  }

  /** Sets what an answer's head says, and gives its whole text. */
  function prepare(response: Response, { status, render }: PhoneAnswer): string {
    // Set and ended without Express, which would add a charset that the answers of this API do not have.
    response.status(status).setHeader('Content-Type', 'application/json');
    return renderPadded({ render, headBytes: variableHeadBytes(response) }, random, padding);
  }

  return {
    receive: async (request, response) => {
      const body = await readBody(request, response);
      if (body.kind !== 'aborted') begin(response);
      return body;
    },
    send: async (response, answer, ending) => {
      const at = began.get(response);
      const ready = timers.monotonic();
      const text = prepare(response, answer); // some answers take longer to write than others
      await pace.until(at === undefined ? dueWithoutBody(response) : dueAfter(at, ready, ending));
      response.end(text);
    },
    sendAtOnce: (response, answer) => {
      response.end(prepare(response, answer));
    },
  };
}

/** How long an answer takes in all that was worked on for so long, ms. */
function timeOf(times: AnswerTimes, ending: Ending, worked: Worked): number {
  switch (ending.kind) {
    case 'stored':
      times.stored(worked);
      return worked.ms;
    case 'failed':
      times.failed(ending.fault, worked.ms);
      return worked.ms;
    case 'other':
      return times.disguise(ending.sort, worked);
    case 'idle':
      return Math.max(worked.ms, times.draw(worked.phase));
  }
}

/** What headers take beside their names and values: a colon, a space and the end of the line. */
const AROUND_HEADER = 4;

/**
 * The bytes of an answer's head that may differ from answer to answer: the words of the status, and all headers but
 * `Connection`, which shows by itself.
 */
function variableHeadBytes(response: ServerResponse): number {
  let bytes = STATUS_CODES[response.statusCode]?.length ?? 0;
  for (const [name, value] of Object.entries(response.getHeaders()))
    if (name !== 'connection') bytes += name.length + String(value).length + AROUND_HEADER;
  return bytes;
}
