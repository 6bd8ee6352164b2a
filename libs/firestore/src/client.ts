import firestore from '@google-cloud/firestore';
import { grpc } from 'google-gax';

/**
 * Google's client for Firestore's own calls. The layer above it, `Firestore`, repeats calls by itself in three places
 * (streams, unary calls, and commits whose outcome is unknown) for up to ten minutes, and cannot be told to stop: then a
 * `create` that was applied looks refused, and locks are taken for a caller who has long gone.
 */
// eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor is the package that this name stands for
const { FirestoreClient } = firestore.v1;
export type Client = InstanceType<typeof FirestoreClient>;

/** Makes a client with a connection of its own; `emulatorHost` ('host:port') is spoken to in the clear. */
export function makeClient(of: {
  readonly projectId: string;
  readonly emulatorHost: string | undefined;
}): Client {
  return new FirestoreClient({
    projectId: of.projectId,
    ...CONNECTION,
    ...(of.emulatorHost === undefined ? {} : inTheClear(of.emulatorHost)),
  });
}

const CONNECTION = {
  'grpc.use_local_subchannel_pool': 1, // otherwise all clients of a process share one connection
  'grpc.service_config_disable_resolution': 1, // nobody else decides what is repeated
  'grpc.keepalive_time_ms': 30_000, // keeps a connection under a long wait known to the network
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc-node.flow_control_window': 256 * 1024,
};

function inTheClear(host: string): object {
  const { hostname, port } = new URL(`http://${host}`);
  return {
    servicePath: hostname,
    port: Number(port),
    sslCreds: grpc.credentials.createInsecure(),
    // Named here, or the client would look for credentials and their universe.
    clientOptions: { universeDomain: 'googleapis.com' },
  };
}

/** The options of one call: no repetition by the client on any of its layers. */
export function callOptions(of: {
  readonly database: string;
  readonly timeoutMs: number;
  readonly inTheClear: boolean;
}): {
  timeout: number;
  retry: null;
  retryRequestOptions: { retries: 0; noResponseRetries: 0 };
  otherArgs: { headers: Record<string, string> };
} {
  const headers = { 'google-cloud-resource-prefix': of.database };
  return {
    timeout: of.timeoutMs,
    retry: null,
    retryRequestOptions: { retries: 0, noResponseRetries: 0 },
    // An emulator lets this caller pass its security rules.
    otherArgs: {
      headers: of.inTheClear ? { ...headers, Authorization: 'Bearer owner' } : headers,
    },
  };
}
