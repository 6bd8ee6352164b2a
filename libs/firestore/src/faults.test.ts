import { machine } from '../../../test/support/machine.ts';
import { type DocumentStore, type Transaction, collection, int } from '@keyserver/docstore';
import { systemRandom } from '@keyserver/random';
import { SECOND, simulatedClock, unixMillis } from '@keyserver/time';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { firestoreIndexes, openFirestoreStore } from './index.ts';

const counters = collection({ name: 'counters', fields: { n: int() }, indexes: [['n']] });
const READS = 'BatchGetDocuments';
const ALWAYS = 1000;

/** Waits for answers as usual, but does little again. */
const impatient = {
  ...{ readMs: 10_000, attemptMs: 10_000, lockMs: 10_000, transactMs: 20_000 },
  ...{ attempts: 6, failures: 3 },
  ...{ firstPauseMs: 1, longestPauseMs: 2 },
};
/** Does not wait for what never comes. */
const hasty = { ...impatient, readMs: 200, attemptMs: 200, lockMs: 200 };

const START = unixMillis(Date.parse('2021-05-04T10:17:00Z'));
let clock = simulatedClock(START);
let storeTime: number = START;
let standIn: FirestoreStandIn;
let store: DocumentStore;

const open = async (limits: object = impatient, random = systemRandom): Promise<DocumentStore> =>
  await openFirestoreStore({
    ...machine,
    ...{ projectId: 'a-project', databaseId: 'a-database', emulatorHost: standIn.address },
    ...{ clock, limits, random },
  });

const reopen = async (limits: object): Promise<void> => {
  await store.close();
  store = await open(limits);
  standIn.faults.clear();
};

beforeEach(async () => {
  clock = simulatedClock(START);
  storeTime = START;
  standIn = await startFirestoreStandIn({
    now: () => storeTime,
    indexes: firestoreIndexes([counters.layout]),
    lockWaitMs: 200,
  });
  store = await open();
  standIn.faults.clear();
});
afterEach(async () => {
  await store.close();
  await standIn.close();
});

const write = async (decide: (tx: Transaction) => void): Promise<void> => {
  await store.transact(async (tx) => {
    decide(tx);
    await Promise.resolve();
  });
};
const create = async (id = 'c'): Promise<void> => {
  await write((tx) => {
    tx.create(counters, id, { n: 1 });
  });
};
const calls = (): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [READS, 'RunQuery', 'Commit'].map((method) => [method, standIn.faults.calls(method)]),
  );
const stored = async (id = 'c'): Promise<number | undefined> =>
  (await store.get(counters, [id]))[0]?.n;

describe('opening a Firestore store', () => {
  it('fails when nothing answers, and says which database it wanted', async () => {
    const gone = await startFirestoreStandIn();
    await gone.close();
    const opening = openFirestoreStore({
      ...machine,
      ...{ projectId: 'a-project', databaseId: 'a-database', emulatorHost: gone.address },
      limits: impatient,
    });
    await expect(opening).rejects.toMatchObject({
      name: 'StoreFault',
      code: 'unavailable',
      message: expect.stringMatching(/a-database.*a-project/) as string,
    });
  });

  it('tells the code of the call that failed, its number and the database', async () => {
    standIn.faults.fail({ method: READS, code: 'PERMISSION_DENIED', times: ALWAYS });
    await expect(open()).rejects.toMatchObject({
      details: {
        ...{ code: 'PERMISSION_DENIED', number: 7, object: 'time' },
        path: 'projects/a-project/databases/a-database',
      },
    });
  });

  it('fails when the server takes the call and never answers', async () => {
    standIn.faults.hang({ method: READS, times: ALWAYS });
    await expect(open(hasty)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('fails when the machine has no credentials', async () => {
    const before = { ...process.env };
    process.env['METADATA_SERVER_DETECTION'] = 'none';
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '/nowhere/credentials.json';
    try {
      const opening = openFirestoreStore({
        ...machine,
        projectId: 'a-project',
        clock,
        limits: impatient,
      });
      await expect(opening).rejects.toMatchObject({ name: 'StoreFault', code: 'unavailable' });
    } finally {
      process.env = before;
    }
  });

  it.each([31 * SECOND, -31 * SECOND])('fails with a clock that is %d ms off', async (ms) => {
    clock.advance(ms);
    await expect(open()).rejects.toMatchObject({ code: 'clock' });
  });
});

describe('a read', () => {
  it.each(['UNAVAILABLE', 'INTERNAL', 'DEADLINE_EXCEEDED', 'ABORTED'] as const)(
    'is done again after %s',
    async (code) => {
      await create();
      standIn.faults.fail({ method: READS, code, times: 2 });
      expect(await stored()).toBe(1);
    },
  );

  it('is done again after its connection was cut', async () => {
    await create();
    standIn.faults.cut({ method: READS, when: 'before', times: 1 });
    expect(await stored()).toBe(1);
  });

  it.each(['get', 'pages', 'now', 'deleteAll'] as const)(
    'of %s says that Firestore is away when it stays away',
    async (name) => {
      for (const method of [READS, 'RunQuery'])
        standIn.faults.fail({ method, code: 'UNAVAILABLE', times: ALWAYS });
      const reads = {
        get: async (): Promise<unknown> => await store.get(counters, ['c']),
        pages: async (): Promise<unknown> =>
          await store.pages(counters, {})[Symbol.asyncIterator]().next(),
        now: async (): Promise<unknown> => await store.now(),
        deleteAll: async (): Promise<unknown> => await store.deleteAll(counters, {}),
      };
      await expect(reads[name]()).rejects.toMatchObject({
        name: 'StoreFault',
        code: 'unavailable',
      });
    },
  );

  it('is given up when no answer comes', async () => {
    await reopen(hasty);
    standIn.faults.hang({ method: READS, times: ALWAYS });
    await expect(stored()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is given up when the answer comes too late', async () => {
    await reopen(hasty);
    standIn.faults.slow({ method: 'RunQuery', ms: 5_000, times: ALWAYS });
    const page = store.pages(counters, {})[Symbol.asyncIterator]().next();
    await expect(page).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.each([
    ['RESOURCE_EXHAUSTED', /quota/],
    ['PERMISSION_DENIED', /PERMISSION_DENIED/],
  ] as const)('is not repeated after %s', async (code, message) => {
    standIn.faults.fail({ method: READS, code, times: ALWAYS });
    await expect(stored()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(message) as string,
    });
    expect(standIn.faults.calls(READS)).toBe(1);
  });

  it('names the collection whose declared index the database lacks', async () => {
    const of = { name: 'counters', fields: { n: int(), m: int() } };
    const undeployed = collection({ ...of, indexes: [['n', 'm']] });
    const query = store.pages(undeployed, { where: { n: 1 }, order: { by: 'm' } });
    await expect(query[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/counters.*indexes/) as string,
    });
  });
});

describe('a transaction', () => {
  it('runs again when others win', async () => {
    standIn.faults.fail({ method: 'Commit', code: 'ABORTED', times: 2 });
    let runs = 0;
    await write((tx) => {
      runs++;
      tx.create(counters, 'c', { n: 1 });
    });
    expect(runs).toBe(3);
    expect(await stored()).toBe(1);
  });

  it('is contended when others always win, and writes nothing', async () => {
    standIn.faults.fail({ method: 'Commit', code: 'ABORTED', times: impatient.attempts });
    await expect(create()).rejects.toMatchObject({ code: 'contended' });
    expect(await stored()).toBeUndefined();
  });

  it('is refused when another attempt lost, but none can have been applied', async () => {
    await create();
    standIn.faults.fail({ method: 'Commit', code: 'ABORTED', times: 1 });
    await expect(create()).rejects.toMatchObject({ code: 'refused' });
  });

  it.each([['before'], ['after']] as const)(
    'is applied once when the connection is cut %s its commit, and its function recognises its work',
    async (when) => {
      standIn.faults.cut({ method: 'Commit', when, times: 1 });
      let written = 0;
      const outcome = await store.transact(async (tx) => {
        const [mine] = await tx.get(counters, ['mine']);
        if (mine !== undefined) return 'done before';
        written++;
        tx.create(counters, 'mine', { n: written });
        return 'done now';
      });
      expect(outcome).toBe(when === 'after' ? 'done before' : 'done now');
      expect(await stored('mine')).toBe(written);
    },
  );

  it('is never called refused for what it may have written itself', async () => {
    standIn.faults.cut({ method: 'Commit', when: 'after', times: 1 });
    await expect(create()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/nobody knows/) as string,
    });
    expect(await stored()).toBe(1);
  });

  it('is not called refused either when its function refuses after a commit that nobody heard of', async () => {
    standIn.faults.cut({ method: 'Commit', when: 'after', times: 1 });
    let runs = 0;
    const creating = write((tx) => {
      tx.create(counters, ++runs === 1 ? 'c' : 'not/an/id', { n: 1 });
    });
    await expect(creating).rejects.toMatchObject({ code: 'unavailable' });
    expect(await stored()).toBe(1);
  });

  it.each(['UNAVAILABLE', 'INTERNAL', 'DEADLINE_EXCEEDED', 'CANCELLED', 'UNKNOWN'] as const)(
    'runs again when its commit ends in %s',
    async (code) => {
      standIn.faults.fail({ method: 'Commit', code, times: 1 });
      await create();
      expect(await stored()).toBe(1);
    },
  );

  it.each([
    ['UNAVAILABLE', 'unavailable', /nobody knows/],
    ['RESOURCE_EXHAUSTED', 'unavailable', /quota/],
  ] as const)('gives up after a few times %s', async (status, code, message) => {
    standIn.faults.fail({ method: 'Commit', code: status, times: ALWAYS });
    await expect(create()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(standIn.faults.calls('Commit')).toBe(impatient.failures);
  });

  it.each(['INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'OUT_OF_RANGE'] as const)(
    'is refused, and not repeated, when its commit ends in %s',
    async (code) => {
      standIn.faults.fail({ method: 'Commit', code, times: ALWAYS });
      await expect(create()).rejects.toMatchObject({ name: 'StoreFault', code: 'refused' });
      expect(standIn.faults.calls('Commit')).toBe(1);
    },
  );

  it('is not repeated when access is denied', async () => {
    standIn.faults.fail({ method: 'Commit', code: 'PERMISSION_DENIED', times: ALWAYS });
    await expect(create()).rejects.toMatchObject({ code: 'unavailable' });
    expect(standIn.faults.calls('Commit')).toBe(1);
  });

  it('is given up when its commit is never answered', async () => {
    await reopen(hasty);
    standIn.faults.hang({ method: 'Commit', times: ALWAYS });
    await expect(create()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.each([['Firestore is away'], ['Firestore never answers']])(
    'cannot begin while %s',
    async (how) => {
      await reopen(hasty);
      if (how === 'Firestore is away')
        standIn.faults.fail({ method: READS, code: 'UNAVAILABLE', times: ALWAYS });
      else standIn.faults.hang({ method: READS, times: ALWAYS });
      await expect(create()).rejects.toMatchObject({ code: 'unavailable' });
    },
  );

  it('runs again after a failed read, even if its function made light of it', async () => {
    await create();
    standIn.faults.fail({ method: READS, code: 'UNAVAILABLE', times: 1 });
    const seen = await store.transact(async (tx) => {
      const found = await tx.get(counters, ['c']).catch(() => []);
      tx.set(counters, 'seen', { n: found.length });
      return found.length;
    });
    expect(seen).toBe(1);
    expect(await stored('seen')).toBe(1);
  });

  it('runs again after a read that lost to others', async () => {
    await create();
    standIn.faults.fail({ method: READS, code: 'ABORTED', times: 1 });
    const found = await store.transact(async (tx) => await tx.get(counters, ['c']));
    expect(found).toEqual([{ n: 1 }]);
  });

  it.each([
    [READS, 0, 'NOT_FOUND'],
    ['RunQuery', 0, 'FAILED_PRECONDITION'],
  ] as const)(
    'is not called refused when its %s (after %d) meets %s',
    async (method, after, code) => {
      standIn.faults.fail({ method, code, times: 1, after });
      const reading = store.transact(async (tx) => {
        await tx.get(counters, ['c']);
        return await tx.find(counters, { where: { n: 1 } });
      });
      await expect(reading).rejects.toMatchObject({ name: 'StoreFault', code: 'unavailable' });
    },
  );

  it('runs again when the server has ended it for its age', async () => {
    let runs = 0;
    await store.transact(async (tx) => {
      await tx.get(counters, ['c']);
      if (++runs === 1) {
        storeTime += 271 * SECOND;
        clock.advance(271 * SECOND);
      }
      tx.set(counters, 'c', { n: runs });
    });
    expect(await stored()).toBe(2);
  });

  it('does not believe the error of its function when others won', async () => {
    standIn.faults.fail({ method: 'Commit', code: 'ABORTED', times: 1 });
    let runs = 0;
    const outcome = await store.transact(async (tx) => {
      await tx.get(counters, ['c']);
      if (++runs === 1) throw new Error('saw an old state');
      return 'saw the new one';
    });
    expect(outcome).toBe('saw the new one');
  });

  it('writes nothing when its function took longer than a transaction may', async () => {
    await reopen({ ...impatient, transactMs: 200 });
    standIn.faults.slow({ method: READS, ms: 400, times: 1 });
    const late = store.transact(async (tx) => {
      await tx.get(counters, ['other']);
      tx.create(counters, 'c', { n: 1 });
    });
    await expect(late).rejects.toMatchObject({ code: 'unavailable' });
    expect(await stored()).toBeUndefined();
  });

  it('begins with its first read, and asks for nothing else', async () => {
    await create();
    standIn.faults.clear();
    const found = await store.transact(async (tx) => {
      const [document] = await tx.get(counters, ['c']);
      await tx.find(counters, { where: { n: 1 } });
      tx.set(counters, 'd', { n: tx.now });
      return document;
    });
    expect(found).toEqual({ n: 1 });
    expect(await stored('d')).toBe(START);
    expect(calls()).toEqual({ [READS]: 2, RunQuery: 1, Commit: 1 });
  });

  it('begins once on the server, however many reads it opens with', async () => {
    await create();
    const many = Array.from({ length: 301 }, (_, n) => `absent${String(n)}`);
    await store.transact(async (tx) => {
      await Promise.all([
        tx.get(counters, many),
        tx.find(counters, { where: { n: 1 } }),
        tx.get(counters, ['c']),
      ]);
      tx.set(counters, 'c', { n: 2 });
    });
    await write((tx) => {
      tx.set(counters, 'absent0', { n: 1 });
      tx.set(counters, 'absent300', { n: 1 });
    });
    expect(await stored()).toBe(2);
  });

  it('commits nothing with a wrong clock, even if its function made light of that', async () => {
    clock.advance(31 * SECOND);
    const writing = store.transact(async (tx) => {
      await tx.get(counters, ['c']).catch(() => undefined);
      tx.create(counters, 'c', { n: 1 });
    });
    await expect(writing).rejects.toMatchObject({ code: 'clock' });
    clock.advance(-31 * SECOND);
    expect(await stored()).toBeUndefined();
  });

  it.each([31 * SECOND, -31 * SECOND])(
    'is not even begun with a clock that is %d ms off',
    async (ms) => {
      clock.advance(ms);
      await expect(create()).rejects.toMatchObject({ code: 'clock' });
      clock.advance(-ms);
      expect(await stored()).toBeUndefined();
    },
  );

  it('frees what it locked when its function refuses', async () => {
    await create();
    const refused = store.transact(async (tx) => {
      await tx.get(counters, ['c']);
      tx.set(counters, 'c', { n: 2 });
      await tx.get(counters, ['c']);
    });
    await expect(refused).rejects.toMatchObject({ code: 'refused' });
    await write((tx) => {
      tx.set(counters, 'c', { n: 3 });
    });
    expect(await stored()).toBe(3);
  });
});

describe('a pause before a repetition', () => {
  /** Draws the longest pause that there is. */
  const longest = { ...systemRandom, below: (bound: number) => bound - 1 };
  const PAUSE = 50;

  it.each([
    ['a read', READS, async () => await stored()],
    [
      'a transaction',
      'Commit',
      async () => {
        await create();
      },
    ],
    [
      'a deletion',
      'Commit',
      async () => {
        await store.deleteAll(counters, {});
      },
    ],
  ] as const)('is waited for by %s', async (_, method, work) => {
    await create('other');
    await store.close();
    const limits = { ...impatient, firstPauseMs: PAUSE, longestPauseMs: PAUSE };
    store = await open(limits, longest);
    standIn.faults.fail({ method, code: 'UNAVAILABLE', times: 2 });
    const begun = performance.now();
    await work();
    expect(performance.now() - begun).toBeGreaterThan(2 * (PAUSE - 2));
  });
});

describe('deleting by query', () => {
  beforeEach(async () => {
    await write((tx) => {
      for (let n = 0; n < 9; n++) tx.set(counters, String(n), { n });
    });
    standIn.faults.clear();
  });

  it.each(['UNAVAILABLE', 'ABORTED', 'RESOURCE_EXHAUSTED'] as const)(
    'goes on after %s',
    async (code) => {
      standIn.faults.fail({ method: 'Commit', code, times: 2 });
      expect(await store.deleteAll(counters, {})).toBe(9);
      expect(standIn.documents()).toBe(0);
    },
  );

  it.each([['before'], ['after']] as const)(
    'counts right when the connection is cut %s a step',
    async (when) => {
      standIn.faults.cut({ method: 'Commit', when, times: 1 });
      expect(await store.deleteAll(counters, { limit: 5 })).toBe(5);
      expect(standIn.documents()).toBe(4);
    },
  );

  it('does no harm when two do it at once', async () => {
    await Promise.all([store.deleteAll(counters, {}), store.deleteAll(counters, {})]);
    expect(standIn.documents()).toBe(0);
  });

  it('spares a document that leaves the query before it is deleted', async () => {
    standIn.faults.slow({ method: 'Commit', ms: 1_000, times: 1 });
    const deleting = store.deleteAll(counters, { order: { by: 'n', until: 5 } });
    while (standIn.faults.calls('Commit') === 0) await store.now();
    await write((tx) => {
      tx.set(counters, '3', { n: 30 });
    });
    expect(await deleting).toBe(4);
    expect(await stored('3')).toBe(30);
  });

  it.each([
    ['ABORTED', 'contended'],
    ['FAILED_PRECONDITION', 'contended'],
    ['UNAVAILABLE', 'unavailable'],
    ['PERMISSION_DENIED', 'unavailable'],
  ] as const)('gives up when every step ends in %s', async (status, code) => {
    standIn.faults.fail({ method: 'Commit', code: status, times: ALWAYS });
    await expect(store.deleteAll(counters, {})).rejects.toMatchObject({ code });
  });
});

describe('a closed store', () => {
  it('ends what is under way', async () => {
    standIn.faults.hang({ method: 'RunQuery', times: 1 });
    const other = await open();
    const page = store.pages(counters, {})[Symbol.asyncIterator]().next();
    const outcome = page.catch((error: unknown) => error);
    while (standIn.faults.calls('RunQuery') === 0) await other.now();
    await store.close();
    await other.close();
    expect(await outcome).toMatchObject({ name: 'StoreFault', code: 'unavailable' });
  });

  it('takes nothing any more, and may be closed again', async () => {
    await store.close();
    await store.close();
    await expect(store.now()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(create()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(store.deleteAll(counters, {})).rejects.toMatchObject({ code: 'unavailable' });
  });
});
