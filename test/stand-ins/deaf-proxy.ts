import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** A network between a client and a stand-in that can lose connections without telling anybody. */
export interface DeafProxy {
  /** "host:port". */
  readonly address: string;
  /** How many connections were made. */
  connections(): number;
  /** From now on nothing passes on the connections that there are: no byte, no end. New ones work. */
  deafen(): void;
  close(): Promise<void>;
}

/** Listens before a stand-in at an address of this machine. */
export async function startDeafProxy(target: string): Promise<DeafProxy> {
  const sockets = new Set<Socket>();
  const pairs: (readonly [Socket, Socket])[] = [];
  const port = Number(target.slice(target.lastIndexOf(':') + 1));
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    pairs.push([near, far]);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    connections: () => pairs.length,
    deafen: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far).resume();
        far.unpipe(near).resume();
      }
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
