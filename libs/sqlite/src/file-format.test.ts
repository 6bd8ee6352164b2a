import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collection, int, ints, optional } from '@keyserver/docstore';
import { DAY } from '@keyserver/time';
import { Database } from './database.ts';
import { migrate } from './file-format.ts';
import { Sweeper } from './sweeper.ts';
import { databaseSettings } from './testing/database-settings.ts';

const GRACE = 7 * DAY;
const NOON = 100 * DAY;
const DECLARED = {
  name: 'keys',
  fields: { window: int(), hashes: ints(), expireAt: int() },
  indexes: [['window']],
  arrayIndex: 'hashes',
  expiry: 'expireAt',
} as const;
/** The collection as versions before the grace declared it, and as this one does. */
const before = collection(DECLARED);
const now = collection({ ...DECLARED, grace: GRACE });

let directory: string;
let file: string;
const open: Database[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'file-format-'));
  file = join(directory, 'store.sqlite');
});
afterEach(() => {
  for (const database of open.splice(0)) database.close();
  rmSync(directory, { recursive: true });
});

/** Opens the file as another process would; `made` hears when array indexes are made anew. */
function opened(made: (entries: number) => void = () => undefined): Database {
  const database = new Database(file, { ...databaseSettings, made });
  open.push(database);
  return database;
}

/** A file of before, with documents that expire at these times, and are named after them. */
function aFileOfBefore(...times: readonly number[]): void {
  const database = opened();
  const table = database.open(before.layout);
  database.inLock(() => {
    for (const expires of times) {
      const document = { window: 1, hashes: [expires], expireAt: expires };
      const body = before.codec.encode(document);
      table.set(String(expires), { body, indexed: [1], array: [expires], expires }, 1);
    }
  });
  open.pop()?.close();
}

/** All that the file has of the collection: its tables and indexes with their place in the file, and every stored byte. */
const stored = ({ db }: Database): unknown => ({
  schema: db
    .prepare(`SELECT name, rootpage, sql FROM sqlite_master WHERE tbl_name = 'keys' ORDER BY name`)
    .all(),
  documents: db.prepare('SELECT * FROM keys ORDER BY id').all(),
});
const layoutIn = ({ db }: Database): unknown =>
  JSON.parse(String(db.prepare(`SELECT layout FROM "#layouts"`).get()?.['layout']));
const idsIn = ({ db }: Database): readonly number[] =>
  db
    .prepare('SELECT expires FROM keys ORDER BY expires')
    .all()
    .map(({ expires }) => Number(expires));

describe('a database from before collections had a grace', () => {
  it('is opened in its place: no document, table or index is written anew', () => {
    aFileOfBefore(NOON, NOON + DAY);
    const made: number[] = [];
    const database = opened((entries) => made.push(entries));
    const found = stored(database);
    database.open(now.layout);
    expect(stored(database)).toEqual(found);
    expect(made).toEqual([]);
    expect(layoutIn(database)).toMatchObject({ name: 'keys', grace: GRACE });
  });

  it('keeps what has expired for seven days more from then on, and not a millisecond longer', () => {
    const [due, last] = [NOON - GRACE, NOON - GRACE + 1];
    aFileOfBefore(due, last, NOON);
    const database = opened();
    database.open(now.layout);
    new Sweeper(database).step('keys', NOON);
    expect(idsIn(database)).toEqual([last, NOON]);
    new Sweeper(database).step('keys', NOON + 1);
    expect(idsIn(database)).toEqual([NOON]);
  });

  it('gives the grace to the housekeeping of a process that runs already', () => {
    aFileOfBefore(NOON - GRACE - 1, NOON - 1);
    const running = opened();
    running.open(before.layout);
    const sweeper = new Sweeper(running);
    sweeper.step('keys', NOON - GRACE - 1); // it knows the collection as it was
    expect(idsIn(running)).toEqual([NOON - 1]);
    opened().open(now.layout);
    sweeper.step('keys', NOON);
    expect(idsIn(running)).toEqual([NOON - 1]);
    sweeper.step('keys', NOON + GRACE);
    expect(idsIn(running)).toEqual([]);
    expect(layoutIn(running)).toMatchObject({ grace: GRACE });
  });

  it('has no grace before anybody has opened the collection with one', () => {
    aFileOfBefore(NOON - 1, NOON + 1);
    const database = opened();
    new Sweeper(database).step('keys', NOON);
    expect(idsIn(database)).toEqual([NOON + 1]);
  });

  it('is as it was when the process dies before the change is committed', () => {
    aFileOfBefore(NOON);
    const dying = opened();
    expect(() => {
      dying.inLock(() => {
        expect(migrate(dying.db, before.layout, now.layout)).toBe(false);
        throw new Error('died');
      });
    }).toThrow('died');
    expect(layoutIn(dying)).not.toHaveProperty('grace');
    const next = opened();
    next.open(now.layout);
    expect(layoutIn(next)).toMatchObject({ grace: GRACE });
    expect(idsIn(next)).toEqual([NOON]);
  });

  it('is opened in its place by the earlier version again, which knows no grace', () => {
    aFileOfBefore(NOON - 1, NOON + 1);
    const database = opened();
    database.open(now.layout);
    const found = stored(database);
    database.open(before.layout);
    expect(stored(database)).toEqual(found);
    expect(layoutIn(database)).not.toHaveProperty('grace');
    new Sweeper(database).step('keys', NOON);
    expect(idsIn(database)).toEqual([NOON + 1]);
  });

  it('is written anew when more than the grace has changed, with every expiry as it was', () => {
    aFileOfBefore(NOON - GRACE, NOON);
    const { fields } = DECLARED;
    const wider = collection({
      ...{ ...DECLARED, grace: GRACE },
      fields: { ...fields, since: optional(int()) },
    });
    const made: number[] = [];
    const database = opened((entries) => made.push(entries));
    database.open(wider.layout);
    expect(idsIn(database)).toEqual([NOON - GRACE, NOON]);
    expect(made).toEqual([2]);
    new Sweeper(database).step('keys', NOON);
    expect(idsIn(database)).toEqual([NOON]);
  });

  it('refuses a layout that its documents do not fit, and gets no grace either', () => {
    aFileOfBefore(NOON);
    const database = opened();
    const unfit = collection({
      ...{ ...DECLARED, grace: GRACE },
      fields: { ...DECLARED.fields, region: int() },
    });
    const found = stored(database);
    expect(() => database.open(unfit.layout)).toThrow('stored document lacks region');
    expect(stored(database)).toEqual(found);
    expect(layoutIn(database)).not.toHaveProperty('grace');
  });
});
