import { collection, int } from '@keyserver/docstore';
import { once } from 'node:events';
import { type ServerHttp2Stream, constants, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { startFirestoreStandIn } from '../../../../test/stand-ins/firestore/start-firestore.ts';
import { Connection } from './connection.ts';
import { openFirestoreStore } from './index.ts';
import { USUAL_PATIENCE } from './patience.ts';
import { OUTSIDE } from './reading.ts';
import { getAll } from './reads.ts';

const counters = collection({ name: 'counters', fields: { n: int() } });

const listening = async (server: Server): Promise<string> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** A connection to a server that does the same to every call. */
async function withServer(
  answer: (stream: ServerHttp2Stream) => void,
  use: (connection: Connection) => Promise<void>,
): Promise<void> {
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.resume().once('end', () => {
      answer(stream);
    });
  });
  const connection = new Connection({
    ...{ projectId: 'p', databaseId: 'd', emulatorHost: await listening(server) },
    patience: USUAL_PATIENCE,
  });
  try {
    await use(connection);
  } finally {
    await connection.close();
    server.close();
  }
}

describe('a call', () => {
  it('may have been done when it is reset for too much traffic', async () => {
    await withServer(
      (stream) => {
        stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      },
      async (connection) => {
        await expect(connection.commit([])).rejects.toMatchObject({
          verdict: 'away',
          code: 'RESOURCE_EXHAUSTED',
        });
      },
    );
  });

  it('has found nothing out about a document that its answer does not speak of', async () => {
    await withServer(
      (stream) => {
        const headers = { ':status': 200, 'content-type': 'application/grpc+proto' };
        stream.respond(headers, { waitForTrailers: true });
        stream.once('wantTrailers', () => {
          stream.sendTrailers({ 'grpc-status': '0' });
        });
        stream.end();
      },
      async (connection) => {
        const reading = getAll(connection, counters, { ids: ['a'], reading: OUTSIDE });
        await expect(reading).rejects.toMatchObject({ verdict: 'away', code: 'INCOMPLETE' });
      },
    );
  });
});

it('runs a transaction again by a new connection when the first has died unheard', async () => {
  const standIn = await startFirestoreStandIn();
  const sockets = new Set<Socket>();
  const deafen: (() => void)[] = [];
  const between = createServer((near) => {
    const far = connect(Number(standIn.address.split(':')[1]), '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.pipe(far).pipe(near);
    deafen.push(() => {
      near.unpipe(far).resume();
      far.unpipe(near).resume();
    });
  });
  const store = await openFirestoreStore({
    ...{ projectId: 'p', emulatorHost: await listening(between) },
    patience: { readMs: 2_000 },
  });
  for (const stop of deafen) stop();
  try {
    const found = store.transact(async (tx) => await tx.get(counters, ['a']));
    await expect(found).resolves.toEqual([undefined]);
  } finally {
    await store.close();
    for (const socket of sockets) socket.destroy();
    between.close();
    await standIn.close();
  }
});
