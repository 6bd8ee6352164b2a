import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Timers } from '@keyserver/time';

/**
 * The orderly end of a server: idle connections are closed at once, requests in flight may finish and end theirs, and
 * what is left after `patience` milliseconds is cut. Call it before the server serves.
 */
export function drainer(server: Server, patience: number, timers: Timers): () => Promise<void> {
  const connections = opened<Socket>();
  const answers = opened<ServerResponse>();
  let closed: Promise<void> | undefined;
  server.on('connection', connections.add);
  server.on('request', (_request, response) => {
    answers.add(response);
    if (closed !== undefined) endConnectionAfter(response);
  });

  async function close(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    for (const answer of answers.all) endConnectionAfter(answer);
    // Node does not count a connection as idle before its first request, and would wait for it.
    for (const connection of connections.all) if (connection.bytesRead === 0) connection.destroy();
    const cancel = timers.after(patience, () => {
      server.closeAllConnections();
    });
    await ended;
    cancel();
  }

  return async () => {
    await (closed ??= close());
  };
}

/** The things that are open, until each says that it has closed. */
function opened<T extends { once(event: 'close', listener: () => void): unknown }>(): {
  readonly all: ReadonlySet<T>;
  readonly add: (thing: T) => void;
} {
  const all = new Set<T>();
  const add = (thing: T): void => {
    all.add(thing);
    thing.once('close', () => {
      all.delete(thing);
    });
  };
  return { all, add };
}

function endConnectionAfter(response: ServerResponse): void {
  const { socket } = response; // taken now: a finished response has none
  if (response.headersSent)
    response.once('finish', () => {
      socket?.destroySoon();
    });
  else response.setHeader('Connection', 'close');
}
