import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type StorageFaults } from '@keyserver/stand-ins/storage';
import {
  ABSENT,
  BUCKET,
  CHUNK,
  HASTE,
  HEADERS,
  NAME,
  aBucket,
  bucketsOf,
  closeStandIns,
  content,
  contentIn,
  timersWithPause,
} from './testing/adapter-world.ts';

afterEach(closeStandIns);

const ARCHIVE = content(2 * CHUNK + 1000);
/** The requests of a put of ARCHIVE, in order. */
const STEPS = ['opening the session', 'the first chunk', 'the second chunk', 'the last chunk'];

type Order = (faults: StorageFaults, after: number, times: number) => void;

const status = (number: number): Order => {
  return (faults, after, times) => {
    faults.fail({ op: 'insert', status: number, after, times });
  };
};

const PASSING_FAULTS: Readonly<Record<string, Order>> = {
  'status 503': status(503), // all statuses that pass are in fault.test.ts
  'a connection cut before': (faults, after, times) => {
    faults.cut({ op: 'insert', when: 'before', after, times });
  },
  'a connection cut in the middle': (faults, after, times) => {
    faults.cut({ op: 'insert', when: 'middle', after, times });
  },
  'a lost answer': (faults, after, times) => {
    faults.cut({ op: 'insert', when: 'after', after, times });
  },
};

const LATE_FAULTS: Readonly<Record<string, Order>> = {
  'no answer': (faults, after, times) => {
    faults.hang({ op: 'insert', after, times });
  },
  'an answer after the deadline': (faults, after, times) => {
    faults.slow({ op: 'insert', ms: HASTE.callMillis * 2, after, times });
  },
};

const atEveryStep = (faults: object): [string, string, number][] =>
  Object.keys(faults).flatMap((fault) =>
    STEPS.map((step, n): [string, string, number] => [fault, step, n]),
  );

describe('an upload that is disturbed', () => {
  it.each(atEveryStep(PASSING_FAULTS))(
    'leaves one whole object after %s at %s',
    async (fault, _step, n) => {
      const { server, bucket } = await aBucket();
      PASSING_FAULTS[fault]?.(server.faults, n, 2);
      const written = await bucket.put(NAME, ARCHIVE.pieces(), ABSENT);
      expect(written).toEqual(await bucket.find(NAME));
      expect(await contentIn(bucket)).toBe(ARCHIVE.sha256);
      expect(server.objects(BUCKET)).toEqual([NAME]);
    },
  );

  it.each(atEveryStep(LATE_FAULTS))(
    'leaves one whole object after %s at %s',
    async (fault, _step, n) => {
      const { server, bucket } = await aBucket({ limits: HASTE });
      LATE_FAULTS[fault]?.(server.faults, n, 1);
      const written = await bucket.put(NAME, ARCHIVE.pieces(), ABSENT);
      const calm = bucketsOf(server).openBucket(BUCKET);
      expect(written).toEqual(await calm.find(NAME));
      expect(await contentIn(calm)).toBe(ARCHIVE.sha256);
    },
  );

  it.each(STEPS.map((step, n): [string, number] => [step, n]))(
    'is a fault, and leaves no object, when Cloud Storage stays away from %s on',
    async (_step, n) => {
      const { server, bucket } = await aBucket();
      server.faults.fail({ op: 'insert', status: 503, after: n, times: 100 });
      const put = bucket.put(NAME, ARCHIVE.pieces(), ABSENT);
      await expect(put).rejects.toMatchObject({ code: 'away' });
      expect(server.objects(BUCKET)).toEqual([]);
    },
  );

  it('sends again what did not arrive, and no more', async () => {
    const { server, bucket } = await aBucket({ chunkBytes: 4 * CHUNK });
    const { sha256, pieces } = content(4 * CHUNK);
    server.faults.cut({ op: 'insert', when: 'middle', after: 1, times: 1 });
    await bucket.put(NAME, pieces(), ABSENT);
    expect(server.faults.calls('status')).toBe(1);
    expect(await contentIn(bucket)).toBe(sha256);
    const [all, asked, rest, ...others] = server.contentRanges();
    const length = 4 * CHUNK;
    expect([all, asked]).toEqual([`bytes 0-${length - 1}/${length}`, 'bytes */*']);
    expect(others).toEqual([]);
    const from = Number(/^bytes (\d+)-/.exec(rest ?? '')?.[1]);
    expect(from).toBeGreaterThanOrEqual(length / 2);
    expect(rest).toBe(`bytes ${from}-${length - 1}/${length}`);
  });

  it('names the end of an empty content, as nothing of it could be named', async () => {
    const { server, bucket } = await aBucket();
    await bucket.put(NAME, content(0).pieces(), ABSENT);
    expect(server.contentRanges()).toEqual(['bytes */0']);
    expect(await contentIn(bucket)).toBe(content(0).sha256);
  });

  it('is no object when Cloud Storage has forgotten the upload', async () => {
    const { server, bucket } = await aBucket();
    server.faults.fail({ op: 'insert', status: 410, after: 2, times: 1 });
    const put = bucket.put(NAME, ARCHIVE.pieces(), ABSENT);
    await expect(put).rejects.toMatchObject({ code: 'refused' });
    expect(server.objects(BUCKET)).toEqual([]);
  });
});

describe('an upload whose last answer is lost for good', () => {
  const lastAnswersLost = (faults: StorageFaults, after: number): void => {
    faults.cut({ op: 'insert', when: 'after', after, times: 100 });
    faults.fail({ op: 'status', status: 503, times: 100 });
  };

  it('is recognised by what lies there', async () => {
    const { server, bucket } = await aBucket();
    lastAnswersLost(server.faults, STEPS.length - 1);
    const written = await bucket.put(NAME, ARCHIVE.pieces(), ABSENT);
    expect(written).toEqual(await bucket.find(NAME));
    expect(await contentIn(bucket)).toBe(ARCHIVE.sha256);
  });

  it('is recognised when it replaced a generation', async () => {
    const { server, bucket } = await aBucket();
    const first = await bucket.put(NAME, content(10).pieces(), ABSENT);
    const expected = first === 'conflict' ? '' : first.generation;
    lastAnswersLost(server.faults, 1);
    const second = await bucket.put(NAME, content(20).pieces(), { headers: HEADERS, expected });
    expect(second).toMatchObject({ size: 20 });
    expect(second).toEqual(await bucket.find(NAME));
  });

  it('is a conflict when another writer has replaced it since', async () => {
    const { server, bucket: rival } = await aBucket();
    const timers = timersWithPause(async () => {
      const mine = await rival.find(NAME);
      const replacing = { headers: HEADERS, expected: mine?.generation ?? '' };
      await rival.put(NAME, content(7).pieces(), replacing);
    });
    const bucket = bucketsOf(server, { timers }).openBucket(BUCKET);
    server.faults.cut({ op: 'insert', when: 'after', after: 1, times: 1 });
    server.faults.fail({ op: 'status', status: 404, times: 1 });
    expect(await bucket.put(NAME, content(5).pieces(), ABSENT)).toBe('conflict');
    expect(await rival.find(NAME)).toMatchObject({ size: 7 });
  });

  it('is a fault when what lies there cannot be seen either', async () => {
    const { server, bucket } = await aBucket();
    lastAnswersLost(server.faults, 1);
    server.faults.fail({ op: 'get', status: 503, times: 100 });
    const put = bucket.put(NAME, content(5).pieces(), ABSENT);
    await expect(put).rejects.toMatchObject({ code: 'away' });
  });

  it('is a fault when the generation to replace still lies there', async () => {
    const { server, bucket } = await aBucket();
    const first = await bucket.put(NAME, content(10).pieces(), ABSENT);
    const expected = first === 'conflict' ? '' : first.generation;
    server.faults.fail({ op: 'insert', status: 503, after: 1, times: 100 });
    const put = bucket.put(NAME, content(20).pieces(), { headers: HEADERS, expected });
    await expect(put).rejects.toMatchObject({ code: 'away' });
    expect(await bucket.find(NAME)).toEqual(first);
  });
});

describe('a conflict', () => {
  it('takes nothing from the source when it shows at once', async () => {
    const { bucket } = await aBucket();
    await bucket.put(NAME, content(3).pieces(), ABSENT);
    let taken = 0;
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      taken++;
      yield* content(3).pieces();
    };
    expect(await bucket.put(NAME, counted(), ABSENT)).toBe('conflict');
    expect(taken).toBe(0);
  });

  it('is told when another writer comes first while the content flows', async () => {
    const { bucket } = await aBucket();
    const overtaken = async function* (): AsyncGenerator<Uint8Array> {
      yield ARCHIVE.bytes;
      await bucket.put(NAME, content(3).pieces(), ABSENT);
    };
    expect(await bucket.put(NAME, overtaken(), ABSENT)).toBe('conflict');
    expect(await contentIn(bucket)).toBe(content(3).sha256);
  });

  it('ends the source when the upload cannot go on', async () => {
    const { server, bucket } = await aBucket();
    server.faults.fail({ op: 'insert', status: 403, after: 1, times: 1 });
    let ended = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(Buffer.alloc(CHUNK));
      } finally {
        ended = true;
      }
    };
    const put = bucket.put(NAME, source(), ABSENT);
    await expect(put).rejects.toMatchObject({ code: 'forbidden' });
    expect(ended).toBe(true);
  });
});

describe('a source that fails', () => {
  it.each([0, 1, CHUNK, CHUNK + 1, 3 * CHUNK])(
    'after %i bytes leaves no object and no upload, and its error is passed on as it is',
    async (length) => {
      const { server, bucket } = await aBucket();
      const error = new Error('the source broke');
      const broken = async function* (): AsyncGenerator<Uint8Array> {
        yield* content(length).pieces();
        throw error;
      };
      const put = bucket.put(NAME, broken(), ABSENT);
      await expect(put).rejects.toBe(error);
      expect(server.objects(BUCKET)).toEqual([]);
      expect(server.faults.calls('cancel')).toBe(1);
    },
  );

  it('keeps its own error when the upload cannot even be cancelled', async () => {
    const { server, bucket } = await aBucket();
    server.faults.cut({ op: 'cancel', when: 'before', times: 1 });
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('half'));
      throw new Error('the source broke');
    };
    const put = bucket.put(NAME, broken(), ABSENT);
    await expect(put).rejects.toThrow('the source broke');
  });
});

describe('a server that does not keep what it was sent', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.close();
    server?.closeAllConnections();
  });

  /** Opens uploads, confirms so many bytes at each request with content, one after another, and knows no object. */
  async function confirming(...confirmed: readonly number[]): Promise<{ url: string }> {
    let sent = 0;
    const host = createServer((request, response) => {
      request.resume().on('end', () => {
        const { method, headers } = request;
        const bytes = method === 'PUT' ? (confirmed[sent++] ?? 0) : 0;
        const place = { location: `http://${headers.host ?? ''}/session` };
        const range: Record<string, string> = bytes === 0 ? {} : { range: `bytes=0-${bytes - 1}` };
        if (method === 'POST') response.writeHead(200, place).end();
        else response.writeHead(method === 'PUT' ? 308 : 404, range).end();
      });
    });
    server = host.listen(0, '127.0.0.1');
    await once(host, 'listening');
    return { url: `http://127.0.0.1:${String((host.address() as AddressInfo).port)}` };
  }

  it('is away when nothing ever arrives', async () => {
    const bucket = bucketsOf(await confirming()).openBucket(BUCKET);
    const put = bucket.put(NAME, ARCHIVE.pieces(), ABSENT);
    await expect(put).rejects.toMatchObject({ code: 'away' });
  });

  it.each([
    ['lost confirmed bytes', [CHUNK, 0]],
    ['has more than was sent', [CHUNK + 1]],
  ])('is a fault when it %s', async (_what, confirmed) => {
    const bucket = bucketsOf(await confirming(...confirmed)).openBucket(BUCKET);
    const put = bucket.put(NAME, ARCHIVE.pieces(), ABSENT);
    await expect(put).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('a content that changes on its way', () => {
  it.each([1, 2, 3])('is refused before it is an object: chunk %i', async (chunk) => {
    const { server, bucket } = await aBucket();
    server.faults.corrupt({ op: 'insert', after: chunk, times: 1 });
    const put = bucket.put(NAME, ARCHIVE.pieces(), ABSENT);
    await expect(put).rejects.toMatchObject({ code: 'corrupted' });
    expect(server.faults.calls('delete')).toBe(0);
    expect(server.objects(BUCKET)).toEqual([]);
  });

  it('is deleted again where declared checksums are ignored', async () => {
    const { server, bucket } = await aBucket({ server: { ignoresDeclaredChecksums: true } });
    server.faults.corrupt({ op: 'insert', after: 1, times: 1 });
    const put = bucket.put(NAME, ARCHIVE.pieces(), ABSENT);
    await expect(put).rejects.toMatchObject({ code: 'corrupted' });
    expect(server.objects(BUCKET)).toEqual([]);
  });
});

describe('a large archive', () => {
  it('is never further from Cloud Storage than one chunk and one piece', async () => {
    const chunkBytes = 4 * CHUNK;
    const { server, bucket } = await aBucket({ chunkBytes });
    const piece = Buffer.alloc(100_000, 'archive');
    const pieces = Math.ceil((12 * chunkBytes) / piece.length);
    const ahead: number[] = [];
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (let n = 1; n <= pieces; n++) {
        const chunksTaken = Math.max(0, server.faults.calls('insert') - 1);
        ahead.push(n * piece.length - chunksTaken * chunkBytes);
        yield piece;
        await pause(0);
      }
    };
    const written = await bucket.put(NAME, source(), ABSENT);
    expect(written).toMatchObject({ size: pieces * piece.length });
    expect(Math.max(...ahead)).toBeLessThanOrEqual(chunkBytes + 2 * piece.length);
  });
});
