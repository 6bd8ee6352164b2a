import { KeyManagementServiceClient } from '@google-cloud/kms';
import { type CallOptions, grpc } from 'google-gax';
import type { Ask } from './questions.ts';

/** The client of Cloud KMS, and how long its answers are waited for. */
export interface Kms {
  readonly client: KeyManagementServiceClient;
  readonly ask: Ask;
}

/** Time-out of one attempt; the client's own retries, which go on for ten minutes, are off. */
export const callOptions = (timeoutMs: number): CallOptions => ({
  timeout: timeoutMs,
  retry: null,
});

const CHANNEL = {
  // Otherwise a client that takes another's place would take over its dead connection.
  'grpc.use_local_subchannel_pool': 1,
  // Networks forget idle connections without a word. A job that runs every minute begins with a new one each time, so that
  // one death fails one run at most.
  'grpc.client_idle_timeout_ms': 30_000,
  // After an outage the next attempt shall find Cloud KMS again; left alone, gRPC may stay away for two minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
};

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\]):([0-9]{1,5})$/;

/** The client of Cloud KMS, or of what answers in plain text at an endpoint of this machine. */
export function connect(endpoint: string | undefined): KeyManagementServiceClient {
  if (endpoint === undefined) return new KeyManagementServiceClient(CHANNEL);
  const [, host, port] = LOOPBACK.exec(endpoint) ?? [];
  if (host === undefined)
    throw new RangeError('an endpoint without encryption must be a host and port of this machine');
  return new KeyManagementServiceClient({
    ...CHANNEL,
    apiEndpoint: host,
    port: Number(port),
    // Without this the client asks the metadata server whose universe it is in, credentials or not.
    clientOptions: { universeDomain: 'googleapis.com' },
    sslCreds: grpc.credentials.createInsecure(),
  });
}
