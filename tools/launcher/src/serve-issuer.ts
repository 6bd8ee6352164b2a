import { type RunningServer, listen } from '@keyserver/service';
import type { Timers } from '@keyserver/time';

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
