import { type RunningServer, listen } from '@keyserver/service';
import type { Timers } from '@keyserver/time';

/** Makes an identity token for a call. */
export type MintToken = (identity: {
  readonly audience: string;
  readonly email: string;
}) => Promise<string>;

/** The account that jobs run as on one machine; services let nobody else start them. */
export const JOB_ACCOUNT = 'jobs@keyserver.localhost';

/** The issuer of the identity tokens that the jobs of this machine present. */
export interface JobIssuer {
  readonly issuer: string;
  readonly jwksUrl: string;
  /** Its key was just made. */
  readonly isNew: boolean;
  readonly documents: Readonly<Record<string, object>>;
  readonly mint: MintToken;
}

/** Serves an issuer's documents to the services of this machine. */
export const serveIssuer = async (
  documents: Readonly<Record<string, object>>,
  port: number,
  timers: Timers,
): Promise<RunningServer> =>
  await listen(
    (request, response) => {
      const path = request.url ?? '';
      const found = request.method === 'GET' && Object.hasOwn(documents, path);
      response.writeHead(found ? 200 : 404, {
        'content-type': 'application/json',
        'cache-control': found ? 'public, max-age=300' : 'no-store',
      });
      response.end(JSON.stringify(found ? documents[path] : { error: 'not found' }));
    },
    { port, timers },
  );
