import { bool, collection, int, ints } from '@keyserver/docstore';
import fc from 'fast-check';
import { ArrayIndex } from './array-index.ts';
import { Database } from './database.ts';
import type { Table } from './table.ts';

const tagged = collection({
  name: 'tagged',
  fields: { tags: ints(), live: bool(), n: int() },
  arrayIndex: 'tags',
});

interface Bench {
  readonly database: Database;
  readonly table: Table;
  index: ArrayIndex;
  nextRun: number;
  epoch: number;
}

const SIZES = { hot: 12, fanIn: 2, lastLevel: 9 };

function bench(): Bench {
  const database = new Database(':memory:');
  const { table } = database.open(tagged.layout);
  return {
    database,
    table,
    index: new ArrayIndex(database.db, table, SIZES),
    nextRun: 1,
    epoch: 0,
  };
}

/** Writes a document as a commit of another process would: the index has to find out by itself. */
function write(at: Bench, id: string, tags: readonly number[]): void {
  const meta = at.database.meta();
  const body = tagged.codec.encode({ tags, live: true, n: 0 });
  at.table.set(id, { body, indexed: [], array: tags, expires: null }, meta.seq + 1);
  at.database.setMeta({ ...meta, seq: meta.seq + 1 });
}

function keepHouse(at: Bench): void {
  const catchUp = (): void => {
    at.index.catchUp({ seq: at.database.meta().seq, epoch: at.epoch });
  };
  const newRun = (): number => at.nextRun++;
  catchUp();
  if (at.index.flush(newRun)) at.epoch++;
  for (let step = at.index.mergeStep(newRun); step !== 'idle'; step = at.index.mergeStep(newRun)) {
    if (step === 'live') at.epoch++;
    catchUp();
  }
}

function find(at: Bench, values: readonly number[]): string[] {
  at.index.catchUp({ seq: at.database.meta().seq, epoch: at.epoch });
  return at.index.find({ containsAny: { field: 'tags', values } }).map(({ id }) => id);
}

const count = (at: Bench, table: 'runs' | 'chunks'): unknown =>
  at.database.db
    .prepare(
      `SELECT count(*) AS n FROM "tagged#${table}" ${table === 'runs' ? 'WHERE level >= 0' : ''}`,
    )
    .get()?.['n'];

describe('array index', () => {
  it('finds what a plain search finds, through any sequence of writes, deletions, runs and merges', () => {
    const tag = fc.integer({ min: 0, max: 40 });
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          id: fc.integer({ min: 0, max: 30 }),
          tags: fc.array(tag, { maxLength: 6 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ remove: fc.integer({ min: 0, max: 30 }) }) },
      { weight: 2, arbitrary: fc.constant('house' as const) },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.array(tag, { minLength: 1, maxLength: 6 }),
        (steps, wanted) => {
          const at = bench();
          const model = new Map<string, readonly number[]>();
          for (const one of steps) {
            if (one === 'house') keepHouse(at);
            else if (one === 'restart') at.index = new ArrayIndex(at.database.db, at.table, SIZES);
            else if ('remove' in one) {
              at.table.delete(`p${String(one.remove)}`);
              model.delete(`p${String(one.remove)}`);
            } else {
              write(at, `p${String(one.id)}`, one.tags);
              model.set(`p${String(one.id)}`, one.tags);
            }
          }
          const expected = [...model].filter(([, tags]) =>
            tags.some((value) => wanted.includes(value)),
          );
          expect(find(at, wanted)).toEqual(expected.map(([id]) => id).sort());
          at.database.close();
        },
      ),
      { numRuns: 150 },
    );
  });

  it('keeps the number of runs small by merging', () => {
    const at = bench();
    for (let n = 0; n < 200; n++) {
      write(at, `p${String(n)}`, [n, n + 1000, n + 2000, n + 3000]);
      keepHouse(at);
    }
    expect(Number(count(at, 'runs'))).toBeLessThanOrEqual(8);
    expect(find(at, [7, 3150])).toEqual(['p150', 'p7']);
    at.database.close();
  });

  it('merges all runs that have piled up while nobody merged', () => {
    const at = bench();
    for (let n = 0; n < 9 * SIZES.hot; n++) {
      write(at, `p${String(n)}`, [n]);
      at.index.catchUp({ seq: at.database.meta().seq, epoch: at.epoch });
      if (at.index.flush(() => at.nextRun++)) at.epoch++;
    }
    expect(count(at, 'runs')).toBe(9);
    keepHouse(at);
    expect(count(at, 'runs')).toBe(2);
    expect(find(at, [0, 107])).toEqual(['p0', 'p107']);
    at.database.close();
  });

  it('leaves runs of the last level alone', () => {
    const at = bench();
    at.index = new ArrayIndex(at.database.db, at.table, { ...SIZES, lastLevel: 1 });
    for (let n = 0; n < 8 * SIZES.hot; n++) {
      write(at, `p${String(n)}`, [n]);
      keepHouse(at);
    }
    keepHouse(at);
    expect(count(at, 'runs')).toBe(4);
    expect(at.index.backlog).toBe(0);
    expect(find(at, [0, 95])).toEqual(['p0', 'p95']);
    at.database.close();
  });

  it('finds a value that many documents hold, across chunks', () => {
    const at = bench();
    for (let n = 0; n < 1500; n++) write(at, `p${String(n).padStart(4, '0')}`, [5]);
    keepHouse(at);
    expect(find(at, [5])).toHaveLength(1500);
    expect(find(at, [4, 6])).toEqual([]);
    at.database.close();
  });

  it('forgets the entries of documents that are gone', () => {
    const at = bench();
    for (let n = 0; n < 100; n++) write(at, `p${String(n)}`, [n, n + 1000]);
    keepHouse(at);
    expect(Number(count(at, 'chunks'))).toBeGreaterThan(0);
    for (let n = 0; n < 100; n++) at.table.delete(`p${String(n)}`);
    keepHouse(at);
    expect(count(at, 'runs')).toBe(0);
    expect(count(at, 'chunks')).toBe(0);
    at.database.close();
  });

  it('gives up a merge whose sources another process has replaced', () => {
    const at = bench();
    for (let n = 0; n < 6; n++) {
      for (let m = 0; m < 12; m++) write(at, `p${String(n)}-${String(m)}`, [n * 12 + m]);
      at.index.catchUp({ seq: at.database.meta().seq, epoch: at.epoch });
      if (at.index.flush(() => at.nextRun++)) at.epoch++;
    }
    const other = new ArrayIndex(at.database.db, at.table, SIZES);
    other.catchUp({ seq: at.database.meta().seq, epoch: at.epoch });
    keepHouse(at);
    expect(other.mergeStep(() => at.nextRun++)).toBe('working');
    expect(find(at, [3, 70])).toEqual(['p0-3', 'p5-10']);
    at.database.close();
  });

  it('forgets what a rolled back commit had written', () => {
    const at = bench();
    write(at, 'kept', [1]);
    expect(find(at, [1])).toEqual(['kept']);
    at.index.add([2], 99);
    at.index.sawCommit(99);
    at.index.forget();
    write(at, 'later', [2]);
    expect(find(at, [2])).toEqual(['later']);
    at.database.close();
  });
});
