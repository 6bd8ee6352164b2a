import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

/** A connection to a server of the test, for what HTTP clients refuse to send. */
export interface RawConnection {
  send(text: string | Uint8Array): void;
  /** Everything received until the other side ends the connection. */
  ended(): Promise<string>;
  /** What is received until it contains `text`. */
  until(text: string): Promise<string>;
  /** Stops reading what comes. */
  pause(): void;
  destroy(): void;
}

/** Connects to a port of this machine. */
export async function rawConnection(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => (received += text));
  socket.on('error', () => undefined); // a reset shows as the end
  const closed = endOf(socket);
  return {
    send: (text) => socket.write(text),
    ended: async () => {
      await closed;
      return received;
    },
    until: async (text) => {
      while (!received.includes(text)) {
        if (socket.destroyed) throw new Error(`the connection ended without ${text}`);
        await Promise.race([nextOf(socket), closed]);
      }
      return received;
    },
    pause: () => socket.pause(),
    destroy: () => socket.destroy(),
  };
}

/** Waits for more data, whatever happens to the socket: `once` would reject when it is reset after all has come. */
const nextOf = async (socket: Socket): Promise<void> => {
  await new Promise<void>((resolve) => {
    socket.once('data', () => {
      resolve();
    });
  });
};

async function endOf(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', resolve);
  });
  socket.destroy();
}
