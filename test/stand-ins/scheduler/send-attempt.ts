import { request } from 'node:http';
import type { HttpTarget } from './job.ts';

/** Makes the identity token that an attempt carries. */
export type MintToken = (of: {
  readonly audience: string;
  readonly email: string;
}) => Promise<string>;

/** Sends one attempt as Cloud Scheduler does; gives the status of the answer, 0 when there is none in time. */
export async function sendAttempt(
  target: HttpTarget,
  { mint, deadlineMs }: { readonly mint: MintToken | undefined; readonly deadlineMs: number },
): Promise<number> {
  const headers = {
    'user-agent': 'Google-Cloud-Scheduler',
    'content-type': 'application/octet-stream',
    ...target.headers,
    ...(await authorization(target, mint)),
  };
  const options = {
    method: target.httpMethod,
    headers,
    agent: false,
    signal: AbortSignal.timeout(deadlineMs),
  };
  return await new Promise((resolve) => {
    request(target.uri, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', () => {
        resolve(0);
      })
      .end(target.body ?? '');
  });
}

async function authorization(
  { uri, oidcToken }: HttpTarget,
  mint: MintToken | undefined,
): Promise<Readonly<Record<string, string>>> {
  if (mint === undefined || oidcToken === null || oidcToken === undefined) return {};
  const { serviceAccountEmail: email, audience = '' } = oidcToken;
  const token = await mint({ email, audience: audience === '' ? uri : audience });
  return { authorization: `Bearer ${token}` };
}
