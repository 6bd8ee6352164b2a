import { machine } from '../../../test/support/machine.ts';
import { type DocumentStore, collection, int } from '@keyserver/docstore';
import { longestPause } from '@keyserver/retry';
import type { Timers } from '@keyserver/time';
import { once } from 'node:events';
import { type ServerHttp2Stream, constants, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { type DeafProxy, startDeafProxy } from '@keyserver/stand-ins/deaf-proxy';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { Connection } from './connection.ts';
import { openFirestoreStore } from './index.ts';
import { USUAL_LIMITS } from './call-limits.ts';
import { OUTSIDE } from './wire.ts';
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
    limits: USUAL_LIMITS,
    timers: machine.timers,
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
          meaning: 'away',
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
        await expect(reading).rejects.toMatchObject({ meaning: 'away', code: 'INCOMPLETE' });
      },
    );
  });
});

it('proves a connection dead within 3 s, with the pause before the next attempt', () => {
  const { suspectMs, proveMs } = USUAL_LIMITS;
  expect(suspectMs + proveMs + longestPause(USUAL_LIMITS, 1)).toBeLessThan(3_000);
});

describe('a connection that has died unheard', () => {
  let standIn: FirestoreStandIn;
  let network: DeafProxy;
  let store: DocumentStore;
  const open = async (limits: object = {}): Promise<void> => {
    store = await openFirestoreStore({
      ...machine,
      ...{ projectId: 'p', emulatorHost: network.address, limits },
    });
  };

  beforeEach(async () => {
    standIn = await startFirestoreStandIn();
    network = await startDeafProxy(standIn.address);
  });
  afterEach(async () => {
    await store.close();
    await network.close();
    await standIn.close();
  });

  const write = async (id: string, between = (): void => undefined): Promise<void> => {
    await store.transact(async (tx) => {
      const [before] = await tx.get(counters, [id]);
      between();
      if (before === undefined) tx.create(counters, id, { n: 1 });
    });
  };

  /** Whoever waits for the end of an attempt, and not for the proof of the connection, waits longer than a test may take. */
  const LONG_ATTEMPTS = { readMs: 120_000, attemptMs: 120_000, lockMs: 120_000 };

  it('keeps no request until its attempt ends, and fails none', async () => {
    await open(LONG_ATTEMPTS);
    await write('known');
    network.deafen();
    await Promise.all([
      store.get(counters, ['known']),
      store.now(),
      store.pages(counters, {})[Symbol.asyncIterator]().next(),
      write('one'),
      write('other'),
      store.deleteAll(counters, { limit: 1 }),
    ]);
    expect(network.connections()).toBe(2);
  });

  it('lets a commit be sent again by another, once', async () => {
    await open(LONG_ATTEMPTS);
    let runs = 0;
    await write('one', () => {
      if (++runs === 1) network.deafen();
    });
    expect(await store.get(counters, ['one'])).toEqual([{ n: 1 }]);
    expect(standIn.faults.calls('Commit')).toBe(1);
  });

  it('is not even tried when it was idle for long', async () => {
    await open({ idleMs: 0, suspectMs: 60_000, attemptMs: 60_000, readMs: 60_000 });
    network.deafen();
    expect(await store.get(counters, ['one'])).toEqual([undefined]);
    expect(network.connections()).toBe(2);
  });

  it('is not confused with one on which a call waits for a lock', async () => {
    await open();
    const ownNetwork = await startDeafProxy(standIn.address);
    const limits = { suspectMs: 10, proveMs: 60_000 };
    let trials = 0;
    const timers: Timers = {
      ...machine.timers,
      after: (ms, ...then) => {
        if (ms === limits.proveMs) trials += 1;
        return machine.timers.after(ms, ...then);
      },
    };
    const other = await openFirestoreStore({
      ...{ ...machine, timers, limits },
      ...{ projectId: 'p', emulatorHost: ownNetwork.address },
    });
    let writing: Promise<void> | undefined;
    await store.transact(async (tx) => {
      await tx.get(counters, ['one']);
      writing = other.transact(async (rival) => {
        rival.set(counters, 'one', { n: 2 });
        await Promise.resolve();
      });
      while (standIn.faults.calls('Commit') === 0) await store.now();
      // Each trial after the first one shows that the one before was answered.
      while (trials < 3) await store.now();
    });
    await writing;
    await other.close();
    expect(await store.get(counters, ['one'])).toEqual([{ n: 2 }]);
    expect(standIn.faults.calls('Commit')).toBe(2);
    expect(ownNetwork.connections()).toBe(1);
    await ownNetwork.close();
  });
});
