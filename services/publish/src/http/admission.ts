import type { Logger } from '@keyserver/log';
import { SECOND, type Timers } from '@keyserver/time';
import type { Request, RequestHandler, Response } from 'express';
import type { PhoneAnswers } from './phone-answers.ts';
import { RETRY_AFTER_SECONDS, unavailable } from './publish-response.ts';
import type { UploadApi } from './upload-api.ts';

/** What deciding who gets in needs. */
export interface AdmissionDeps {
  readonly timers: Timers;
  /** Requests that are worked on at the same time. */
  readonly uploadsAtOnce: number;
}

/** Bounds what is worked on at the same time. */
export interface Admission {
  /** Lets a request in, or turns it away before anything of its body is read. */
  readonly admit: (turnAway: TurnAway) => RequestHandler;
  /** A route whose work counts until it ends, also when the client has gone away. */
  readonly holding: (route: Route) => Route;
}

/** Answers a request at once with 503. */
export type TurnAway = (response: Response) => void;

type Route = (request: Request, response: Response) => Promise<void>;

/** A place among the requests that are worked on. */
interface Place {
  readonly request: Request;
  readonly since: number;
  /** What keeps the place: the client that waits, and the work for it. */
  holders: number;
}

/**
 * How long a body may take to come while others wait for its place, ms. A phone sends 64 kB in that time at 100 kbit/s. Without
 * it a client that sends byte by byte would keep a place until the time-out of requests, and a few hundred would keep all.
 */
const PATIENCE = 5 * SECOND;

/**
 * Admits at most `uploadsAtOnce` requests. There is no queue: whoever waits in one costs memory and is answered late, when its
 * phone may have given up. What comes on top is answered at once, and Node throws its body away as it comes. For a newcomer
 * the oldest request gives way whose body is not there after `PATIENCE`.
 */
export function admission(
  { timers, uploadsAtOnce }: AdmissionDeps,
  logOf: (request: Request) => Logger,
): Admission {
  const places = new Map<Response, Place>(); // in the order of arrival

  function release(response: Response, place: Place): void {
    place.holders -= 1;
    if (place.holders === 0) places.delete(response);
  }

  function makeRoom(): boolean {
    if (places.size < uploadsAtOnce) return true;
    const slow = firstSlow(places, timers.monotonic());
    if (slow === undefined) return false;
    const [response, { request }] = slow;
    places.delete(response);
    request.socket.destroy(); // not the answer's, which has none while an earlier one is sent
    return true;
  }

  return {
    admit: (turnAway) => (request, response, next) => {
      if (!makeRoom()) {
        logOf(request).event('publish.overloaded', {});
        turnAway(response);
        return;
      }
      const place = { request, since: timers.monotonic(), holders: 1 };
      places.set(response, place);
      response.once('close', () => {
        release(response, place);
      });
      next();
    },
    holding: (route) => async (request, response) => {
      const place = places.get(response);
      if (place !== undefined) place.holders += 1;
      try {
        await route(request, response);
      } finally {
        if (place !== undefined) release(response, place);
      }
    },
  };
}

/** The oldest request of which a part has been missing for too long. */
function firstSlow(
  places: ReadonlyMap<Response, Place>,
  now: number,
): readonly [Response, Place] | undefined {
  for (const one of places) {
    const [, { request, since }] = one;
    if (now - since < PATIENCE) return undefined;
    if (!request.complete) return one;
  }
  return undefined;
}

/** How uploads of an API are turned away: in the length of every other answer. */
export const turnUploadAway =
  (api: UploadApi, answers: Pick<PhoneAnswers, 'sendAtOnce'>): TurnAway =>
  (response) => {
    const answer = unavailable('internal_error');
    response.set({ 'x-api-version': api.version, 'Retry-After': String(RETRY_AFTER_SECONDS) });
    const render = (padding: string): string => api.render(answer, padding);
    answers.sendAtOnce(response, { status: answer.status, render });
  };
