import { StoreFault } from '@keyserver/docstore';
import { systemRandom } from '@keyserver/random';
import { rawConnection } from '@keyserver/service/testing';
import { type ManualTimers, manualTimers } from '@keyserver/time/testing';
import { type AnswerTimes, answerTimes } from '../answer-times.ts';
import {
  type Answer,
  type TestServer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from '../testing/publish-server.ts';
import { expectPadded, expectRefusal } from '../testing/answers.ts';
import { aKey, anUpload, bypassApp, certificateFor, wireBody } from '../testing/uploads.ts';
import { TICK } from './answer-pace.ts';

afterEach(closePublishServers);
afterAll(closePublishStore);

const away = new StoreFault('unavailable', 'the store is away');
const fails = (): Promise<never> => Promise.reject(away);

const cover = async (server: TestServer, init: RequestInit = {}): Promise<Answer> =>
  await server.send(init.method === 'GET' ? '' : 'no JSON at all', {
    ...{ headers: { 'X-Chaff': '1' } },
    ...(init.method === 'GET' ? { body: null } : {}),
    ...init,
  });

let taken = 0;

/** A body that is stored, with a key that was never sent before. */
const goodBody = (): string => {
  const keys = [aKey((taken += 1))];
  return JSON.stringify(wireBody(anUpload(keys, { certificate: certificateFor(keys) })));
};

const wrongCertificate = (): string =>
  JSON.stringify(wireBody(anUpload([aKey(200)], { certificate: certificateFor([aKey(201)]) })));

describe('cover traffic', () => {
  it('gets the answer of an upload that was taken, whatever it sends and with whichever method', async () => {
    const server = await aPublishServer();
    for (const init of [{}, { method: 'GET' }, { method: 'PUT' }]) {
      const answer = await cover(server, init);
      expect(answer.status).toBe(200);
      expect(Object.keys(answer.body)).toEqual(['padding']);
      expectPadded(answer);
    }
  });

  it('has the headers of an upload, in their order', async () => {
    const server = await aPublishServer();
    const [upload, covered] = [
      await server.send(goodBody()),
      await cover(server, { headers: { 'x-chaff': 'yes' } }),
    ];
    expect([...covered.headers.keys()]).toEqual([...upload.headers.keys()]);
    for (const name of ['content-type', 'x-api-version', 'cache-control', 'connection'])
      expect(covered.headers.get(name)).toBe(upload.headers.get(name));
  });

  it('is nothing whose X-Chaff is empty', async () => {
    const server = await aPublishServer();
    const headers = { 'X-Chaff': '', 'content-type': 'application/json' };
    expectRefusal(await server.send('no JSON', { headers }), 400, 'bad_request');
  });

  it('asks nothing of the store, checks no certificate, leaves no line in the log and no figure, and is counted', async () => {
    let [asked, counted, observed] = [0, 0, 0];
    const ask = (): Promise<never> => {
      asked += 1;
      return fails();
    };
    const server = await aPublishServer({
      ...{ findApp: ask, verifyCertificate: ask, storeUpload: ask, health: ask },
      countCover: () => (counted += 1),
      observeRequest: () => (observed += 1),
    });
    await cover(server);
    await server.send(goodBody(), { headers: { 'X-Chaff': '1' } });
    expect({ asked, counted, observed }).toEqual({ asked: 0, counted: 2, observed: 0 });
    expect(server.log.lines).toEqual([]);
    expect(await server.stored()).toEqual([]);
  });

  it('is not answered before the end of its body', async () => {
    const server = await aPublishServer();
    const connection = await rawConnection(server.port);
    connection.send('POST /v1/publish HTTP/1.1\r\nHost: a\r\nConnection: close\r\n');
    connection.send('X-Chaff: 1\r\nContent-Length: 4\r\n\r\nab');
    await cover(server); // a whole one is answered meanwhile
    let isAnswered = false;
    const ended = connection.ended().then((text) => {
      isAnswered = true;
      return text;
    });
    await cover(server);
    expect(isAnswered).toBe(false);
    connection.send('cd');
    expect(await ended).toMatch(/^HTTP\/1\.1 200 OK\r\n/u);
  });

  it('is refused like an upload when its body is too long', async () => {
    const server = await aPublishServer();
    const init = { headers: { 'X-Chaff': '1' } };
    const answer = await server.send('x'.repeat(64_001), init);
    expectRefusal(answer, 413, 'bad_request');
  });

  it('gets what uploads get while the store is away, and again when it is back', async () => {
    let isAway = true;
    const server = await aPublishServer({
      storeUpload: () =>
        isAway
          ? fails()
          : Promise.resolve({ kind: 'stored', inserted: 1, revised: 0, revisable: [] }),
    });
    const upload = await server.send(goodBody());
    const covered = await cover(server);
    for (const answer of [upload, covered]) expectRefusal(answer, 503, 'internal_error');
    expect([...covered.headers.keys()]).toEqual([...upload.headers.keys()]);
    expect(covered.headers.get('retry-after')).toBe(upload.headers.get('retry-after'));
    isAway = false;
    expect((await server.send(goodBody())).status).toBe(200);
    expect((await cover(server)).status).toBe(200);
  });

  it('gets what uploads get while applications cannot be looked up', async () => {
    const server = await aPublishServer({ findApp: fails });
    for (const answer of [await server.send(goodBody()), await cover(server)])
      expectRefusal(answer, 500, 'unable_to_load_health_authority');
  });

  it('is not told from mistakes of ours, which say nothing of other uploads', async () => {
    const server = await aPublishServer({
      storeUpload: () => Promise.reject(new TypeError('a mistake')),
    });
    expect((await server.send(goodBody())).status).toBe(500);
    expect((await cover(server)).status).toBe(200);
  });
});

describe('what an observer of ciphertext sees of an answer', () => {
  const kinds: Readonly<Record<string, () => { head?: string; body: string }>> = {
    'a good upload': () => ({ body: goodBody() }),
    'a wrong certificate': () => ({ body: wrongCertificate() }),
    'an app that nobody knows': () => ({
      body: JSON.stringify(wireBody(anUpload([aKey(1)], { appId: 'nobody' }))),
    }),
    'no keys': () => ({ body: JSON.stringify({ healthAuthorityID: bypassApp.id }) }),
    'no JSON': () => ({ body: '{' }),
    'another method': () => ({ head: 'PUT', body: '' }),
    'cover traffic': () => ({ head: 'POST', body: 'anything' }),
  };

  /** All bytes of the answer, head included. */
  const bytesOf = async (server: TestServer, kind: string): Promise<string> => {
    const { head = 'POST', body } = kinds[kind]!();
    const connection = await rawConnection(server.port);
    const length = Buffer.byteLength(body);
    connection.send(`${head} /v1/publish HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`);
    if (kind === 'cover traffic') connection.send('X-Chaff: 1\r\n');
    connection.send(`Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`);
    return await connection.ended();
  };

  it('is the same number of bytes in all, for the same draw, whatever the answer says', async () => {
    const random = { ...systemRandom, below: () => 0 };
    const [well, ill] = [
      await aPublishServer({ random }),
      await aPublishServer({ random, storeUpload: fails }),
    ];
    const [first, ...others] = [
      ...(await Promise.all(Object.keys(kinds).map(async (kind) => await bytesOf(well, kind)))),
      await bytesOf(ill, 'a good upload'),
    ];
    expect(others.map(({ length }) => length)).toEqual(others.map(() => first.length));
    const statuses = [first, ...others].map((text) => Number(text.slice('HTTP/1.1 '.length, 12)));
    expect(statuses).toEqual([200, 401, 401, 400, 400, 405, 200, 503]);
  });
});

describe('the time of an answer', () => {
  let timers: ManualTimers;
  let times: AnswerTimes;
  let server: TestServer;

  beforeEach(async () => {
    timers = manualTimers();
    times = answerTimes({ timers, random: systemRandom });
    server = await aPublishServer({ timers, times });
  });

  /** Lets time pass until an answer is there; how long that was. */
  async function timeOf(answering: Promise<Answer>): Promise<number> {
    let answer: Answer | undefined;
    void answering.then((there) => (answer = there));
    while (timers.waiting === 0) await timers.advance(0); // until its body is there
    const began = timers.monotonic();
    for (let quiet = 0; answer === undefined; quiet++)
      // Between two steps the answer may be on its way through the sockets.
      await timers.advance(quiet % 200 === 0 ? 1 : 0);
    return timers.monotonic() - began;
  }

  const inTicks = (ms: number): number => Math.floor(ms / TICK);

  it('is drawn from the times of uploads for cover traffic and for refusals', async () => {
    times.learn(
      Array.from({ length: 100 }, () => 40 * TICK),
      false,
    );
    const answers: Readonly<Record<string, () => Promise<Answer>>> = {
      cover: async () => await cover(server),
      'a wrong certificate': async () => await server.send(wrongCertificate()),
      'no JSON': async () => await server.send('{'),
    };
    for (const answer of Object.values(answers)) {
      const ticks = inTicks(await timeOf(answer()));
      expect(ticks).toBeGreaterThanOrEqual(40);
      expect(ticks).toBeLessThanOrEqual(42);
    }
  });

  it('is ranked among refusals for one reason alone, so that many of one kind do not show the others', async () => {
    const sorts: string[] = [];
    const disguise: AnswerTimes['disguise'] = (sort, { ms }) => {
      sorts.push(sort);
      return ms;
    };
    const ranking = await aPublishServer({ times: { ...times, disguise } });
    await ranking.send(wrongCertificate());
    await ranking.post(anUpload([aKey(1)], { certificate: 'a.b.c' }));
    await ranking.send('{');
    expect(new Set(sorts).size).toBe(3);
  });

  it('goes by the phase at which a body was there, whatever it holds', async () => {
    for (const send of [
      async (to: TestServer) => await cover(to),
      async (to: TestServer) => await to.send(wrongCertificate()),
      async (to: TestServer) => await to.send(goodBody()),
    ]) {
      timers = manualTimers();
      const phases: number[] = [];
      const note = (phase: number): number => phases.push(phase);
      const watched: AnswerTimes = {
        ...answerTimes({ timers, random: systemRandom }),
        ...{ draw: note, disguise: (_, { phase }) => note(phase) },
        stored: ({ phase }) => {
          note(phase);
        },
      };
      const watching = await aPublishServer({ timers, times: watched });
      await timers.advance(9.25 * TICK);
      await timeOf(send(watching));
      expect(phases).toEqual([0.25]);
    }
  });

  it('is its own for an upload that is stored, and remembered', async () => {
    times.learn(
      Array.from({ length: 100 }, () => 40 * TICK),
      false,
    );
    const answering = server.send(goodBody());
    while (times.unshared().length === 0) await timers.advance(0); // until it is stored
    await timers.advance(TICK);
    expect((await answering).status).toBe(200); // no later tick is needed
  });

  it('is that of faults while uploads meet faults', async () => {
    times.failed(away, 50 * TICK);
    expect(inTicks(await timeOf(cover(server)))).toBeGreaterThanOrEqual(50);
  });
});
