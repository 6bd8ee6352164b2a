import { STATUS_CODES, type ServerResponse } from 'node:http';

/** What every answer says, so that no browser takes it for a page, keeps it or guesses what it is. */
export const SAFETY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
} as const;

const JSON_TYPE = { 'Content-Type': 'application/json' } as const;

/** Answers with an error alone; without Express, which would add a charset that JSON does not have. */
export function sendError(response: ServerResponse, status: number, error: string): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(JSON_TYPE)) response.setHeader(name, value);
  response.end(bodyOf(error));
}

/** The same answer as the bytes of HTTP/1.1, for a connection on which nothing can be asked any more. */
export function lastError(status: number, error: string): string {
  const body = bodyOf(error);
  const length = { 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' };
  const headers = Object.entries({ ...SAFETY_HEADERS, ...JSON_TYPE, ...length });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}\r\n${body}`;
}

const bodyOf = (error: string): string => JSON.stringify({ error });
