import { type Logger, faultTrail } from '@keyserver/log';
import type { ErrorRequestHandler, Response } from 'express';
import type { LogOf } from './request-log.ts';

/** A whole answer, decided without knowing HTTP libraries. */
export interface FaultAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer to a fault that a request to this path met, or undefined for the opaque one. */
export type RenderFault = (fault: unknown, path: string) => FaultAnswer | undefined;

const OPAQUE: FaultAnswer = { status: 500, body: '{"error":"internal error"}' };
const BAD_REQUEST: FaultAnswer = { status: 400, body: '{"error":"bad request"}' };

/** Turns whatever a route threw into an answer that says nothing of it, and logs it once. */
export function faultRenderer(
  logOf: LogOf,
  render: RenderFault = () => undefined,
): ErrorRequestHandler {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- Express knows a fault handler by its four parameters
  return (fault: unknown, request, response, _next) => {
    if (fault instanceof URIError) {
      send(response, BAD_REQUEST); // a path that cannot be decoded is the client's mistake
      return;
    }
    const log = logOf(request);
    const answer = answerTo(() => render(fault, request.path), log);
    log.event('request.fault', { status: answer.status, causes: faultTrail(fault) });
    send(response, answer);
  };
}

function answerTo(render: () => FaultAnswer | undefined, log: Logger): FaultAnswer {
  try {
    return render() ?? OPAQUE;
  } catch (rendering) {
    // Left alone, Express would print this fault and show it to the client.
    log.event('request.fault', { status: OPAQUE.status, causes: faultTrail(rendering) });
    return OPAQUE;
  }
}

function send(response: Response, { status, body, headers = {} }: FaultAnswer): void {
  if (response.headersSent) {
    response.destroy(); // a cut answer is better than one that looks whole
    return;
  }
  response.status(status).set(headers).setHeader('Content-Type', 'application/json');
  response.end(Buffer.from(body)); // Express would add a charset, which JSON does not have
}
