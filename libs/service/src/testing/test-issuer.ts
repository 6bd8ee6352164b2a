import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  type CryptoKey,
  type JWTPayload,
  SignJWT,
  exportJWK,
  generateKeyPair,
  importJWK,
} from 'jose';

/** An issuer of identity tokens with a key set of its own, served over HTTP on this machine. */
export interface TestIssuer {
  readonly issuer: string;
  readonly jwksUrl: string;
  /** How often the key set was fetched. */
  readonly fetches: number;
  /** The key set, the status and the headers that it is answered with; tests change them. */
  answer: { status: number; body: string; headers: Record<string, string> };
  /** Holds every answer back until the promise is settled. */
  hold: Promise<void>;
  /** Signs claims with the issuer's present key. */
  mint(claims: JWTPayload, header?: Record<string, unknown>): Promise<string>;
  /** Makes a new key; the old one is no longer published. */
  rotate(): Promise<void>;
  /** Signs claims with the issuer's present key by another algorithm of the same kind of key. */
  mintBy(algorithm: 'PS256', claims: JWTPayload): Promise<string>;
  /** The public key that is published. */
  publicKey(): CryptoKey;
  close(): Promise<void>;
}

/** Starts an issuer on a free port. */
export async function testIssuer(alg: 'RS256' | 'ES256' = 'RS256'): Promise<TestIssuer> {
  const pairs: KeyPair[] = [await takePair(alg)];
  let key = keyOf(pairs[0]!, 1, alg);
  let fetches = 0;
  let generation = 1;
  const answer = { status: 200, body: await key.jwks(), headers: {} };
  const server = createServer((_request, response) => {
    fetches += 1;
    void state.hold.then(() => {
      const { status, body, headers } = state.answer;
      response.writeHead(status, headers).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const state: TestIssuer = {
    issuer: `http://127.0.0.1:${String(port)}`,
    jwksUrl: `http://127.0.0.1:${String(port)}/jwks`,
    answer,
    hold: Promise.resolve(),
    get fetches() {
      return fetches;
    },
    mint: async (claims, header) => await key.sign(claims, header),
    mintBy: async (algorithm, claims) => await key.signBy(algorithm, claims),
    rotate: async () => {
      const pair = await takePair(alg);
      pairs.push(pair);
      key = keyOf(pair, (generation += 1), alg);
      state.answer = { ...state.answer, body: await key.jwks() };
    },
    publicKey: () => key.publicKey,
    close: async () => {
      SPARE[alg].push(...pairs.splice(0));
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
  return state;
}

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

/** Pairs of issuers that are closed: to make one of RS256 takes 60 ms, and issuers that are open have none in common. */
const SPARE: Record<'RS256' | 'ES256', KeyPair[]> = { RS256: [], ES256: [] };

const takePair = async (alg: keyof typeof SPARE): Promise<KeyPair> =>
  SPARE[alg].pop() ?? (await generateKeyPair(alg, { extractable: true }));

function keyOf(
  { publicKey, privateKey }: KeyPair,
  generation: number,
  alg: string,
): {
  readonly publicKey: CryptoKey;
  jwks(): Promise<string>;
  sign(claims: JWTPayload, header?: Record<string, unknown>): Promise<string>;
  signBy(algorithm: string, claims: JWTPayload): Promise<string>;
} {
  const kid = `key-${String(generation)}`;
  return {
    publicKey,
    jwks: async () => {
      const jwk = await exportJWK(publicKey);
      return JSON.stringify({ keys: [{ ...jwk, kid, alg, use: 'sig' }] });
    },
    sign: async (claims, header = {}) =>
      await new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(privateKey),
    signBy: async (algorithm, claims) => {
      // A key is bound to one algorithm; the same numbers make a key of another.
      const other = await importJWK({ ...(await exportJWK(privateKey)), alg: algorithm });
      return await new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid }).sign(other);
    },
  };
}
