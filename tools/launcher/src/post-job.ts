import { type IncomingMessage, request } from 'node:http';
import type { PostJob } from './attempt-job.ts';
import type { ScheduledJob } from './jobs.ts';

/** Makes an identity token for a call. */
export type MintToken = (identity: {
  readonly audience: string;
  readonly email: string;
}) => Promise<string>;

/** The account that jobs run as on one machine; services let nobody else start them. */
export const JOB_ACCOUNT = 'jobs@keyserver.localhost';

/** Sends jobs to the services at these addresses, each with a token that is meant for that service alone. */
export function jobPoster(
  urls: Readonly<Record<ScheduledJob['service'], string>>,
  mint: MintToken,
): PostJob {
  return async (job, signal) => {
    const audience = urls[job.service];
    const token = await mint({ audience, email: JOB_ACCOUNT });
    const response = await post(new URL(job.route, audience), token, signal);
    response.resume(); // the body repeats the status in words
    return response.statusCode ?? 0;
  };
}

// Not fetch: it gives up after five minutes without an answer, and some jobs may take nine.
async function post(url: URL, token: string, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-length': 0,
    'user-agent': 'keyserver-launcher',
  };
  return await new Promise((resolve, reject) => {
    request(url, { method: 'POST', headers, agent: false, signal }, resolve)
      .on('error', reject)
      .end();
  });
}
