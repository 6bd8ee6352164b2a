import type { Logger } from '@keyserver/log';
import type { Timers } from '@keyserver/time';
import type { Express } from 'express';
import { type RunningService, listen } from './listen.ts';
import { noteUnreadableIn } from './unreadable-requests.ts';

/**
 * Makes the app of a service and listens with it. When that fails, and when the service is closed, what it holds is given back:
 * last, after requests and whatever else is under way have ended.
 */
export async function serve(
  makeApp: () => Express,
  options: {
    readonly settings: { readonly PORT: number; readonly HOST: string };
    readonly timers: Timers;
    readonly log: Logger;
    /** Ends what is under way beside requests. */
    readonly stop?: () => Promise<void>;
    readonly release: () => Promise<void>;
  },
): Promise<RunningService> {
  const { settings, timers, log, stop, release } = options;
  try {
    const { PORT: port, HOST: host } = settings;
    const server = await listen(makeApp(), {
      port,
      host,
      timers,
      noteUnreadable: noteUnreadableIn(log),
    });
    return {
      url: server.url,
      close: async () => {
        await Promise.all([stop?.(), server.close()]);
        await release();
      },
    };
  } catch (fault) {
    await release();
    throw fault;
  }
}
