import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type RequestListener, createServer } from 'node:http';

/** A key of an authority, as it serves it. Tests only. */
export const aJwk = (kid: string): Record<string, unknown> => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
});

/** What serves an authority's keys over HTTP on this machine. */
export interface KeyServer {
  readonly url: string;
  /** How often it was asked. */
  readonly asked: number;
  /** What it answers with. */
  answer: RequestListener;
  /** Answers with these keys from now on. */
  serve(...keys: readonly object[]): void;
  close(): Promise<void>;
}

/** Answers with a status, a body and headers. */
export const answering =
  (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
  };

/** Starts such a server on a free port. */
export async function startKeyServer(): Promise<KeyServer> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    state.answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const state: KeyServer = {
    url: `http://127.0.0.1:${port}/jwks.json`,
    get asked() {
      return asked;
    },
    answer: answering('[]'),
    serve: (...keys) => {
      state.answer = answering(JSON.stringify({ keys }));
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return state;
}
