import { type Logger, faultTrail } from '@keyserver/log';
import type { ErrorRequestHandler, Response } from 'express';
import type { LogOf } from './request-log.ts';

/** A whole answer, decided without knowing HTTP libraries. */
interface WholeAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that the service sends in its own way, such as later. */
interface OwnAnswer {
  readonly status: number;
  readonly send: (response: Response) => Promise<void>;
}

/** The answer to a fault. */
export type FaultAnswer = WholeAnswer | OwnAnswer;

/** The answer to a fault that a request to this path met, or undefined for the opaque one. */
export type RenderFault = (fault: unknown, path: string) => FaultAnswer | undefined;

const OPAQUE: WholeAnswer = { status: 500, body: '{"error":"internal error"}' };
const BAD_REQUEST: WholeAnswer = { status: 400, body: '{"error":"bad request"}' };

/** Turns whatever a route threw into an answer that says nothing of it, and logs it once. */
export function faultRenderer(
  logOf: LogOf,
  render: RenderFault = () => undefined,
): ErrorRequestHandler {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- Express knows a fault handler by its four parameters
  return async (fault: unknown, request, response, _next) => {
    if (fault instanceof URIError) {
      send(response, BAD_REQUEST); // a path that cannot be decoded is the client's mistake
      return;
    }
    const log = logOf(request);
    const answer = answerTo(() => render(fault, request.path), log);
    log.event('request.fault', { status: answer.status, causes: faultTrail(fault) });
    if (response.headersSent || !('send' in answer)) send(response, answer);
    else await sendItself(response, answer, log);
  };
}

function answerTo(render: () => FaultAnswer | undefined, log: Logger): FaultAnswer {
  try {
    return render() ?? OPAQUE;
  } catch (rendering) {
    reportOpaque(rendering, log);
    return OPAQUE;
  }
}

async function sendItself(response: Response, answer: OwnAnswer, log: Logger): Promise<void> {
  try {
    await answer.send(response);
  } catch (sending) {
    reportOpaque(sending, log);
    send(response, OPAQUE);
  }
}

/** Left alone, Express would print such a fault and show it to the client. */
function reportOpaque(fault: unknown, log: Logger): void {
  log.event('request.fault', { status: OPAQUE.status, causes: faultTrail(fault) });
}

function send(response: Response, answer: FaultAnswer): void {
  if (response.headersSent || !('body' in answer)) {
    response.destroy(); // a cut answer is better than one that looks whole
    return;
  }
  const { status, body, headers = {} } = answer;
  response.status(status).set(headers).setHeader('Content-Type', 'application/json');
  response.end(Buffer.from(body)); // Express would add a charset, which JSON does not have
}
