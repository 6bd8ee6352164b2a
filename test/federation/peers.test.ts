import {
  Client,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedHandleCall,
  credentials,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@keyserver/random/testing';
import {
  RawRefusal,
  type RawServer,
  framed,
  rawCall,
  rawFetch,
  serveRaw,
  unframed,
} from './raw-frames.ts';
import { ReferenceClient } from './reference-client.ts';
import { type ReferenceCall, ReferenceServer, YEAR_ONE } from './reference-server.ts';
import {
  type WireKey,
  type WireRequest,
  type WireState,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from './wire.ts';

const PROTO = fileURLToPath(new URL('../../proto/federation.proto', import.meta.url));
const OPTIONS = { longs: Number, enums: Number, defaults: true, keepCase: true } as const;
const Fetch = (loadSync(PROTO, OPTIONS)['Federation'] as ServiceDefinition)['Fetch']!;

const dataOf = (n: number): Buffer => {
  const data = Buffer.alloc(16);
  data.writeUInt32BE(n);
  return data;
};
const key = (n: number, more: Partial<WireKey> = {}): WireKey => ({
  exposureKey: dataOf(n),
  ...{ transmissionRisk: 2, intervalNumber: 2_650_000, intervalCount: 144, reportType: 1 },
  ...{ daysSinceOnsetOfSymptoms: 0, hasSymptomOnset: false, traveler: false, regions: ['XA'] },
  verificationAuthorityName: '',
  ...more,
});
const cursor = (timestamp: number, nextToken = ''): WireState['keyCursor'] => ({
  ...{ timestamp, nextToken },
});
const FULL_KEY = key(7, {
  ...{ daysSinceOnsetOfSymptoms: -14, hasSymptomOnset: true, traveler: true, reportType: 5 },
  ...{ regions: ['XA', 'XB'], verificationAuthorityName: 'Gesundheitsamt Köln' },
});
const FULL_REQUEST: WireRequest = {
  ...{ includeRegions: ['XA', 'XB'], excludeRegions: ['XC'], onlyTravelers: true },
  ...{ onlyLocalProvenance: true, maxExposureKeys: 4_000_000_000 },
  state: { keyCursor: cursor(YEAR_ONE, 'a'), revisedKeyCursor: cursor(1_700_000_000, 'b') },
};
const FULL_RESPONSE = {
  ...{ keys: [key(1), FULL_KEY], revisedKeys: [FULL_KEY], partialResponse: true },
  nextFetchState: { keyCursor: cursor(YEAR_ONE), revisedKeyCursor: cursor(5, 'token') },
};
const NOTHING: WireRequest = {
  ...{ includeRegions: [], excludeRegions: [], onlyTravelers: false, onlyLocalProvenance: false },
  ...{ maxExposureKeys: 0, state: undefined },
};

describe('messages by hand', () => {
  it('are those of the library, in both directions', () => {
    expect(Fetch.requestDeserialize(encodeRequest(FULL_REQUEST))).toEqual(FULL_REQUEST);
    expect(decodeRequest(Fetch.requestSerialize(FULL_REQUEST))).toEqual(FULL_REQUEST);
    expect(Fetch.responseDeserialize(encodeResponse(FULL_RESPONSE))).toEqual(FULL_RESPONSE);
    expect(decodeResponse(Fetch.responseSerialize(FULL_RESPONSE))).toEqual(FULL_RESPONSE);
  });

  it('pass over fields that they do not know', () => {
    const unknown = Buffer.from([0xfa, 0x3f, 2, 104, 105, 0xf0, 0x3f, 1]);
    const answer = Buffer.concat([encodeRequest(FULL_REQUEST), unknown]);
    expect(decodeRequest(answer)).toEqual(FULL_REQUEST);
  });

  it('are refused when they end in the middle', () => {
    const bytes = encodeRequest({ includeRegions: ['XA'] });
    expect(() => decodeRequest(bytes.subarray(0, -1))).toThrow('ends behind its message');
    expect(() => decodeRequest(Buffer.from([0x80]))).toThrow('has no end');
  });
});

describe('frames by hand', () => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  async function serveByLibrary(answer: UntypedHandleCall): Promise<string> {
    const server = new Server();
    server.addService({ Fetch }, { Fetch: answer });
    const port = await new Promise<number>((resolve, reject) => {
      const insecure = ServerCredentials.createInsecure();
      server.bindAsync('127.0.0.1:0', insecure, (fault, bound) => {
        if (fault === null) resolve(bound);
        else reject(fault);
      });
    });
    closers.push(async () => {
      server.forceShutdown();
      await Promise.resolve();
    });
    return `http://127.0.0.1:${port}`;
  }

  async function raw(answer: Parameters<typeof serveRaw>[0]): Promise<RawServer> {
    const server = await serveRaw(answer);
    closers.push(server.close);
    return server;
  }

  async function fetchByLibrary(address: string, request: WireRequest): Promise<unknown> {
    const client = new Client(address, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer t');
    try {
      return await new Promise((resolve, reject) => {
        const { requestSerialize, responseDeserialize } = Fetch;
        client.makeUnaryRequest(
          ...([Fetch.path, requestSerialize, responseDeserialize, request, metadata] as const),
          (fault, response) => {
            if (fault === null) resolve(response);
            else reject(fault);
          },
        );
      });
    } finally {
      client.close();
    }
  }

  it('reach a server of the library, and bring its answer back', async () => {
    const seen: unknown[] = [];
    const url = await serveByLibrary(((call: never, answer: never) => {
      const { request, metadata } = call as { request: unknown; metadata: Metadata };
      seen.push(request, metadata.get('authorization'));
      (answer as (fault: null, value: unknown) => void)(null, FULL_RESPONSE);
    }) as UntypedHandleCall);
    expect(await rawFetch(url, FULL_REQUEST, 't')).toEqual(FULL_RESPONSE);
    expect(seen).toEqual([FULL_REQUEST, ['Bearer t']]);
  });

  it('bring back the refusal of a server of the library', async () => {
    const url = await serveByLibrary(((_: never, answer: never) => {
      (answer as (fault: object) => void)({ code: status.UNAUTHENTICATED, details: 'Who?' });
    }) as UntypedHandleCall);
    await expect(rawFetch(url, NOTHING, 't')).rejects.toEqual(
      expect.objectContaining({ status: 16, message: 'Who?' }),
    );
    const { status: unknown } = await rawCall(url, framed(Buffer.of()), { path: '/Federation/No' });
    expect(unknown).toBe(status.UNIMPLEMENTED);
  });

  it('answer a client of the library', async () => {
    const seen: unknown[] = [];
    const { address } = await raw((request, headers) => {
      seen.push(request, headers.authorization);
      return FULL_RESPONSE;
    });
    expect(await fetchByLibrary(address, FULL_REQUEST)).toEqual(FULL_RESPONSE);
    expect(seen).toEqual([FULL_REQUEST, 'Bearer t']);
  });

  it('refuse a client of the library', async () => {
    const { address } = await raw(() => new RawRefusal({ status: 3, message: 'no' }));
    await expect(fetchByLibrary(address, NOTHING)).rejects.toMatchObject({ code: 3 });
  });

  it('are no answer when they break off', async () => {
    const { address } = await raw(() => framed(encodeResponse(FULL_RESPONSE)).subarray(0, -3));
    await expect(fetchByLibrary(address, NOTHING)).rejects.toThrow('UNIMPLEMENTED');
    expect(() => unframed(Buffer.alloc(4))).toThrow('is not one message');
  });

  it('close with their server', async () => {
    const server = await serveRaw(() => FULL_RESPONSE);
    await server.close();
    await expect(rawFetch(`http://${server.address}`, NOTHING, 't')).rejects.toThrow(
      'ECONNREFUSED',
    );
  });
});

describe('the server of reference', () => {
  const HOUR = 3600;
  const LATER = { now: 100 * HOUR };

  function serverWith(
    rows: readonly (readonly [createdAt: number, revisedAt?: number])[],
  ): ReferenceServer {
    const server = new ReferenceServer(seededRandom('reference'));
    rows.forEach(([createdAt, revisedAt], n) => {
      const one = key(n);
      server.add({
        ...{ key: one, createdAt },
        ...(revisedAt === undefined
          ? {}
          : { revision: { at: revisedAt, key: { ...one, reportType: 5, transmissionRisk: 6 } } }),
      });
    });
    return server;
  }
  const token = (rows: number): string => Buffer.from(String(rows)).toString('base64');
  const four = [[100], [200], [300], [400]] as const;

  // The vectors that its own tests have.
  it.each<[string, Parameters<typeof serverWith>[0], Partial<ReferenceCall>, unknown[]]>([
    ['nothing', [], {}, [false, cursor(1), cursor(0)]],
    ['4 primary keys', four, {}, [false, cursor(401), cursor(1)]],
    [
      'a primary key, and another revised',
      [[100], [1, 201]],
      {},
      [false, cursor(101), cursor(202)],
    ],
    ['a key and its revision', [[100, 101]], {}, [false, cursor(101), cursor(102)]],
    [
      'a time-out after 2 primary keys',
      four,
      { timeOut: { of: 'primary', after: 2 } },
      [true, cursor(200, token(2)), cursor(0)],
    ],
    [
      'a time-out after a revised key',
      [
        [100, 101],
        [200, 102],
      ],
      { timeOut: { of: 'revised', after: 1 } },
      [true, cursor(201), cursor(101, token(1))],
    ],
  ])('answers %s as its own tests say', (_, rows, call, [partial, keys, revised]) => {
    const answer = serverWith(rows).fetch(NOTHING, { ...LATER, ...call });
    expect(answer.partialResponse).toBe(partial);
    expect(answer.nextFetchState).toEqual({ keyCursor: keys, revisedKeyCursor: revised });
  });

  it('keeps the present hour back', () => {
    const { keys } = serverWith([[HOUR], [2 * HOUR]]).fetch(NOTHING, { now: 2 * HOUR + 5 });
    expect(keys).toHaveLength(1);
  });

  it('F5: serves an hour that is larger than a page for ever from its start', () => {
    const server = serverWith(Array.from({ length: 3 }, () => [HOUR] as const));
    const first = server.fetch({ ...NOTHING, maxExposureKeys: 2 }, LATER);
    const { nextFetchState: state } = first;
    const second = server.fetch({ ...NOTHING, maxExposureKeys: 2, state }, LATER);
    expect(second).toEqual({ ...first, nextFetchState: state });
    expect(second.partialResponse).toBe(true);
  });

  it('F6: passes rows over after a time-out, for who echoes its token', () => {
    const server = serverWith(four);
    const stopped = server.fetch(NOTHING, { ...LATER, timeOut: { of: 'primary', after: 2 } });
    const { nextFetchState: state } = stopped;
    const rest = server.fetch({ ...NOTHING, state }, LATER);
    const seen = [...stopped.keys, ...rest.keys].map(({ exposureKey }) =>
      exposureKey.toString('hex'),
    );
    expect(new Set(seen).size).toBeLessThan(four.length);
  });

  it('F7: has lost the risk of a revision', () => {
    const [revised] = serverWith([[100, 101]]).fetch(NOTHING, LATER).revisedKeys;
    expect(revised).toMatchObject({ reportType: 5, transmissionRisk: 0 });
  });

  it('F8: ends on a state that lacks a cursor', () => {
    const state = { keyCursor: cursor(0) };
    expect(() => serverWith([]).fetch({ ...NOTHING, state }, LATER)).toThrow('the process ended');
  });

  it('gives its client everything, as long as no hour is larger than a page', async () => {
    const server = serverWith(
      Array.from({ length: 900 }, (_, n) => [(1 + (n % 3)) * HOUR] as const),
    );
    const client = new ReferenceClient('all');
    const end = await client.run(
      async (request) => await Promise.resolve(server.fetch({ ...NOTHING, ...request }, LATER)),
    );
    expect(end).toBe('complete');
    expect(client.stored.size).toBe(900);
  });
});
