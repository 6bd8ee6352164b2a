import {
  ChannelCredentials,
  Client,
  type ClientOptions,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { Fault } from '@keyserver/fault';
import { MAX_ANSWER_BYTES, type PullProblem } from '@keyserver/federation';
import type { Timers } from '@keyserver/time';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { FetchPage, Fetched } from './page-call.ts';

/** How partners are reached. */
export interface PartnerClientSettings {
  /** Gives an identity token of our own that is meant for an audience. */
  readonly idTokenFor: (audience: string) => Promise<string>;
  /** Certificates (PEM) that are trusted beside those that Node.js trusts. */
  readonly extraRoots: string | undefined;
  /** Whether partners on this very machine are called without TLS. */
  readonly plaintextLoopback: boolean;
  readonly timers: Timers;
}

/**
 * Calls partners, each over a connection of its own that is kept until it is closed. A partner that was away is tried again by this client only after a
 * pause of up to two minutes, as https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md says; another client tries it at once.
 */
export interface PartnerClient {
  readonly fetch: FetchPage;
  readonly close: () => void;
}

/** A partner answered with another status than OK, or not at all. The words are the partner's: they are not logged. */
export class PartnerFault extends Fault<PullProblem> {
  /** The status of gRPC by its name. */
  readonly status: string;
  /** What the partner said, if anything. */
  readonly said: string;
  constructor(problem: PullProblem, answered: { status: string; said: string }, cause: unknown) {
    super(problem, `the partner answered ${answered.status}`, { cause });
    this.status = answered.status;
    this.said = answered.said;
  }
}

/** Whom our tokens make us where the machine's own issuer makes them: not who starts jobs. */
export const ACCOUNT = 'federation@keyserver.localhost';

const METHOD = '/Federation/Fetch';
const LOOPBACK = /^(localhost|127\.0\.0\.1)(:\d+)?$/;
const TLS_PORT = 443;

/** Makes clients, which trust the same. */
export function partnerClients(settings: PartnerClientSettings): () => PartnerClient {
  const secure = secureCredentials(settings.extraRoots);
  return () => partnerClient(settings, secure);
}

/** Opens nothing yet: a partner is connected to when it is first called. */
function partnerClient(
  settings: PartnerClientSettings,
  secure: () => ChannelCredentials,
): PartnerClient {
  const clients = new Map<string, Client>();
  const open = (server: string): Client => {
    const isPlain = settings.plaintextLoopback && LOOPBACK.test(server);
    const credentials = isPlain ? ChannelCredentials.createInsecure() : secure();
    return new Client(targetOf(server), credentials, OPTIONS);
  };
  const clientOf = (server: string): Client => {
    const client = clients.get(server) ?? open(server);
    clients.set(server, client);
    return client;
  };
  return {
    fetch: async (query, request, { deadlineMs, signal }) => {
      let token: string;
      try {
        token = await settings.idTokenFor(query.audience);
      } catch (fault) {
        return { kind: 'failed', problem: 'no_token', fault };
      }
      const metadata = new Metadata();
      metadata.set('authorization', `Bearer ${token}`);
      const { timers } = settings;
      return await call(clientOf(query.server), { request, metadata, deadlineMs, signal, timers });
    },
    close: () => {
      for (const client of clients.values()) client.close();
      clients.clear();
    },
  };
}

/** A name that DNS resolves, never a path or an address of another kind. */
const targetOf = (server: string): string =>
  `dns:${server.includes(':') ? server : `${server}:${TLS_PORT}`}`;

const OPTIONS: ClientOptions = {
  'grpc.max_receive_message_length': MAX_ANSWER_BYTES,
  'grpc.max_send_message_length': 1 << 20,
  // A call is repeated by the next run alone, and what a name server says of a service is not followed.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  // Or clients would share connections, and how long to wait for the next attempt.
  'grpc.use_local_subchannel_pool': 1,
};

/** Made once, when a partner is first called: the roots are many. */
function secureCredentials(extraRoots: string | undefined): () => ChannelCredentials {
  let made: ChannelCredentials | undefined;
  const make = (): ChannelCredentials => {
    const ca = [...getCACertificates('default'), ...(extraRoots === undefined ? [] : [extraRoots])];
    return ChannelCredentials.createFromSecureContext(
      createSecureContext({ ca, minVersion: 'TLSv1.2' }),
    );
  };
  return () => (made ??= make());
}

/**
 * The certificates of a PEM file, to be trusted besides; undefined when it cannot be read, or holds none or a broken one. TLS
 * passes over what is no certificate, and calls would fail as if the partner had a wrong one.
 */
export async function readRoots(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(unreadableHoldsNone);
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return found.length > 0 && found.every(isCertificate) ? found.join('\n') : undefined;
}

const unreadableHoldsNone = (): string => '';

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject.length >= 0;
  } catch {
    return false;
  }
}

interface Call {
  readonly request: Uint8Array;
  readonly metadata: Metadata;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly timers: Timers;
}

const toBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const asItIs = (bytes: Buffer): Uint8Array => bytes;

/** The deadline is kept by a timer of ours, not by the time of day, which may jump. */
async function call(client: Client, { request, metadata, ...until }: Call): Promise<Fetched> {
  const { deadlineMs, signal, timers } = until;
  return await new Promise((resolve) => {
    const cut = (): void => {
      calling.cancel();
    };
    const calling = client.makeUnaryRequest(
      METHOD,
      toBuffer,
      asItIs,
      request,
      metadata,
      (error, bytes) => {
        disarm();
        signal.removeEventListener('abort', cut);
        resolve(bytes === undefined ? failed(error) : { kind: 'answer', bytes });
      },
    );
    const disarm = timers.after(deadlineMs, cut);
    signal.addEventListener('abort', cut, { once: true });
    if (signal.aborted) cut();
  });
}

/**
 * What a status of gRPC means for us; all others are failures of the partner.
 * https://grpc.io/docs/guides/status-codes/
 */
const PROBLEMS: Readonly<Partial<Record<status, PullProblem>>> = {
  [status.INVALID_ARGUMENT]: 'state_refused',
  [status.UNAUTHENTICATED]: 'not_authorized',
  [status.PERMISSION_DENIED]: 'not_authorized',
  [status.RESOURCE_EXHAUSTED]: 'limited',
  [status.UNAVAILABLE]: 'unreachable',
  [status.DEADLINE_EXCEEDED]: 'slow',
  [status.CANCELLED]: 'slow',
};

function failed(error: ServiceError | null): Fetched {
  const code = error?.code ?? status.UNKNOWN;
  const problem = PROBLEMS[code] ?? 'partner_failed';
  const answered = { status: status[code], said: error?.details ?? '' };
  return { kind: 'failed', problem, fault: new PartnerFault(problem, answered, error) };
}
