import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { HOUR, MINUTE, SECOND } from '@keyserver/time';

const asTheyAre = (bytes: Buffer): Buffer => bytes;

const unary = (path: string) => ({
  path,
  ...{ requestStream: false, responseStream: false },
  ...{ requestDeserialize: asTheyAre, responseSerialize: asTheyAre },
  ...{ requestSerialize: asTheyAre, responseDeserialize: asTheyAre },
});

/**
 * Bounds of what connections may hold and cost (names: https://grpc.github.io/grpc/core/group__grpc__arg__keys.html). A
 * request is a few regions and a state. What is idle is closed, and what is old is closed after its calls, so that partners
 * find other instances; a connection whose other end is gone is found by pings.
 */
const OPTIONS = {
  'grpc.max_receive_message_length': 64 * 1024,
  'grpc.max_send_message_length': 4 * 1024 * 1024,
  'grpc.max_concurrent_streams': 16,
  'grpc.max_connection_idle_ms': 10 * MINUTE,
  'grpc.max_connection_age_ms': HOUR,
  'grpc.max_connection_age_grace_ms': 5 * MINUTE,
  'grpc.keepalive_time_ms': 2 * MINUTE,
  'grpc.keepalive_timeout_ms': 20 * SECOND,
  'grpc-node.max_session_memory': 96, // MB for each connection: as many answers as it has calls, and half as much again
};

/** The methods of the server by their last names. */
export interface Methods {
  readonly fetch: UntypedServiceImplementation[string];
  readonly check: UntypedServiceImplementation[string];
}

/** The gRPC server, not yet listening. */
export function grpcServer({ fetch, check }: Methods): Server {
  const server = new Server(OPTIONS);
  server.addService({ Fetch: unary('/Federation/Fetch') }, { Fetch: fetch });
  server.addService({ Check: unary('/grpc.health.v1.Health/Check') }, { Check: check });
  return server;
}

/** Certificate with its chain, and its key, in PEM. */
export interface TlsFiles {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** Plain HTTP/2, or TLS where there is a certificate. Node takes TLS 1.2 or newer. */
export const credentialsOf = (tls: TlsFiles | undefined): ServerCredentials =>
  tls === undefined
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(null, [{ cert_chain: tls.certificate, private_key: tls.key }]);
