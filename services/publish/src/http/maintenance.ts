import type { RequestHandler } from 'express';

/** Byte for byte what phones know: without a code, without padding. */
const BODY = Buffer.from('{"error": "please try again later"}');

/** Maintenance takes minutes. Phones that ask more often would be answered the same. */
const RETRY_AFTER_SECONDS = 300;

/** Answers every request as a service does that is being worked on. */
export const closedForMaintenance: RequestHandler = (_request, response) => {
  response.status(429).set('Retry-After', String(RETRY_AFTER_SECONDS));
  response.setHeader('Content-Type', 'application/json').end(BODY);
};
