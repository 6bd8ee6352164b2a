import type { KeyManagementServiceClient } from '@google-cloud/kms';
import type { Timers } from '@keyserver/time';
import { connect } from './connection.ts';
import type { Ask } from './questions.ts';
import { isOverdue } from './kms-fault.ts';

/** The longest that a call on a connection which was given up may still go on. */
const LAST_CALLS_MS = 10_000;

/** The connection to Cloud KMS. One on which a call was overdue may be dead without anybody having said so: then a new one. */
export class Line {
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
