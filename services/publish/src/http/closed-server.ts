import type { Lifecycle } from '@keyserver/stores';
import type { RequestHandler, Response } from 'express';

/** Tells how this server stands to uploads; read at most every ten seconds, and never throws. */
export type UploadsClosed = () => Promise<'no' | 'for good' | 'for now'>;

/** How a server of this life stands to uploads. What is being closed takes none, whatever it still brings out. */
export function uploadsClosed(life: Lifecycle | undefined): Awaited<ReturnType<UploadsClosed>> {
  if (life === undefined || life.state === 'open') return 'no';
  return life.goal === 'hibernate' ? 'for now' : 'for good';
}

/** What a server says that has ended, or is to end, and one that hibernates, or is to; phones know the codes. */
export const CLOSED_BODIES = {
  ended: { code: 'server_ended', error: 'this server has ended and takes no uploads' },
  sleeps: { code: 'internal_error', error: 'this server takes no uploads at present' },
} as const;

const ENDED = Buffer.from(JSON.stringify(CLOSED_BODIES.ended));
const SLEEPS = Buffer.from(JSON.stringify(CLOSED_BODIES.sleeps));

/** A server sleeps for weeks or months. Phones that ask more often than once a day would be answered the same. */
const RETRY_AFTER_SECONDS = 86_400;

/**
 * Answers every request of a server that takes no uploads any more, before anything of it is looked at: so cover traffic, uploads
 * of both APIs and requests for statistics cannot be told apart by their answers.
 */
export const turnedAwayWhenClosed =
  (closed: UploadsClosed): RequestHandler =>
  async (_request, response, next) => {
    const how = await closed();
    if (how === 'no') next();
    else if (how === 'for good') send(response, 410, ENDED);
    else send(response.set('Retry-After', String(RETRY_AFTER_SECONDS)), 503, SLEEPS);
  };

function send(response: Response, status: number, body: Uint8Array): void {
  response.status(status).setHeader('Content-Type', 'application/json').end(body);
}
