import type { Layout } from '@keyserver/docstore';
import { Database } from './database.ts';

/** Makes the array indexes of a database anew from its documents, in one transaction; gives how many entries they have. */
export function rebuildArrayIndexes(file: string): number {
  const database = new Database(file);
  try {
    const collections = arrayLayouts(database).map((layout) => database.open(layout));
    return database.inLock(() => {
      let entries = 0;
      for (const { array } of collections) entries += array?.rebuild(newRunOf(database)) ?? 0;
      const meta = database.meta();
      // Whoever has the file open reads the runs anew.
      database.setMeta({ ...meta, epoch: meta.epoch + 1 });
      return entries;
    });
  } finally {
    database.close();
  }
}

const newRunOf = (database: Database) => ({
  meta: database.meta(),
  newRun: (): number => {
    const meta = database.meta();
    database.setMeta({ ...meta, nextRun: meta.nextRun + 1 });
    return meta.nextRun;
  },
});

function arrayLayouts({ db }: Database): readonly Layout[] {
  return db
    .prepare('SELECT layout FROM "#layouts"')
    .all()
    .map(({ layout }) => parseLayout(String(layout)))
    .filter(({ arrayIndex }) => arrayIndex !== undefined);
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- written by database.ts, the only one that does
const parseLayout = (text: string): Layout => JSON.parse(text) as Layout;
