import { KeyManagementServiceClient } from '@google-cloud/kms';
import { type CallOptions, grpc } from 'google-gax';
import type { Timers } from '@keyserver/time';
import type { Ask } from './questions.ts';
import { isOverdue } from './kms-fault.ts';

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
function connect(endpoint: string | undefined): KeyManagementServiceClient {
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

/** The longest that a call on a connection which was given up may still go on. */
const LAST_CALLS_MS = 10_000;

/** The connection to Cloud KMS. One on which a call was overdue may be dead without anybody having said so: then a new one. */
export class Connection {
  client: KeyManagementServiceClient;
  private readonly endpoint: string | undefined;
  private readonly timers: Timers;
  private readonly givenUp = new Map<KeyManagementServiceClient, () => void>();

  constructor(endpoint: string | undefined, timers: Timers) {
    this.client = connect(endpoint);
    this.endpoint = endpoint;
    this.timers = timers;
  }

  /** Asks in the same way, and by a new connection after each attempt that was overdue. */
  watching(ask: Ask): Ask {
    return async (attempt) =>
      await ask(async (timeoutMs) => {
        const used = this.client;
        try {
          return await attempt(timeoutMs);
        } catch (error) {
          if (isOverdue(error)) this.giveUp(used);
          throw error;
        }
      });
  }

  async close(): Promise<void> {
    for (const cancel of this.givenUp.values()) cancel();
    await Promise.all(
      [this.client, ...this.givenUp.keys()].map(async (client) => {
        await client.close();
      }),
    );
  }

  private giveUp(used: KeyManagementServiceClient): void {
    if (used !== this.client) return;
    this.client = connect(this.endpoint);
    const cancel = this.timers.after(LAST_CALLS_MS, () => {
      this.givenUp.delete(used);
      used.close().catch(ignore);
    });
    this.givenUp.set(used, cancel);
  }
}

const ignore = (): void => undefined;
