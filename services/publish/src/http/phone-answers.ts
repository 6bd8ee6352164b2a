import type { Random } from '@keyserver/random';
import { type ReadBody, bodyReader } from '@keyserver/service';
import type { Timers } from '@keyserver/time';
import type { Response } from 'express';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { AnswerTimes } from '../answer-times.ts';
import { answerPace } from './answer-pace.ts';
import { type PaddingLength, renderPadded } from './padding.ts';

/** The longest body that is read. */
export const MAX_BODY_BYTES = 64_000;

/** What answers to phones are made with. */
export interface PhoneAnswersDeps {
  readonly timers: Timers;
  readonly random: Random;
  readonly times: AnswerTimes;
  readonly padding: PaddingLength;
}

/** What an answer stands for, as far as its time goes. */
export type Ending =
  /** An upload changed something: it leaves when it is ready, and others take as long. */
  | { readonly kind: 'stored' }
  /** An upload met a fault of this server: it leaves when it is ready, and while that lasts others take as long. */
  | { readonly kind: 'failed'; readonly fault: unknown }
  /** Anything else: it takes as long as an upload, whatever it did. */
  | { readonly kind: 'other' };

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

/** A request whose body is here. */
interface Received {
  /** When, on the clock of the timers, ms. */
  readonly at: number;
  /** How long its answer takes if it is timed like that of an upload. Drawn before any work, so that it does not depend on it. */
  readonly drawn: number;
}

/** One desk for all routes that phones use: bounds and ticks are theirs together. */
export function phoneAnswers(deps: PhoneAnswersDeps): PhoneAnswers {
  const { timers, random, times, padding } = deps;
  const pace = answerPace(deps);
  const readBody = bodyReader({ limit: MAX_BODY_BYTES });
  const all = new WeakMap<ServerResponse, Received>();

  function received(response: ServerResponse): Received {
    const known = all.get(response);
    if (known !== undefined) return known;
    const now = { at: timers.monotonic(), drawn: times.draw() };
    all.set(response, now);
    response.once('close', pace.enter());
    return now;
  }

  function remember(ending: Ending, took: number): void {
    if (ending.kind === 'stored') times.stored(took);
    if (ending.kind === 'failed') times.failed(ending.fault, took);
  }

  function sendAtOnce(response: Response, { status, render }: PhoneAnswer): void {
    // Written as bytes: Express would add a charset, which the answers of this API do not have.
    response.status(status).setHeader('Content-Type', 'application/json');
    const headBytes = variableHeadBytes(response);
    response.end(Buffer.from(renderPadded({ render, headBytes }, random, padding)));
  }

  return {
    receive: async (request, response) => {
      const body = await readBody(request, response);
      if (body.kind !== 'aborted') received(response);
      return body;
    },
    send: async (response, { status, render }, ending) => {
      const isUpload = all.has(response);
      const { at, drawn } = received(response);
      const ready = timers.monotonic();
      if (isUpload) remember(ending, ready - at);
      await pace.until(ending.kind === 'other' ? Math.max(ready, at + drawn) : ready);
      sendAtOnce(response, { status, render });
    },
    sendAtOnce,
  };
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
