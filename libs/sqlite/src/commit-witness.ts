import {
  type Stats,
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreFault } from '@keyserver/docstore';
import { integer } from './sql.ts';

const DIGITS = 16;
const BUSY_MS = 10_000;

/** The file beside a database that says how far it had come. Its name begins otherwise than those of the database's own files. */
export const witnessFile = (database: string): string =>
  join(dirname(database), `last-commit.${basename(database)}`);

/**
 * Keeps the number of the last commit outside the database and its write-ahead file, and sees whether both are still where
 * they were opened. A commit is noted only after it is durable, so the note is never ahead of an undamaged database. It is
 * not synced: after a killed process it is exact, after a power failure it may be some seconds old, which notices less and
 * accuses nobody.
 */
export class CommitWitness {
  private readonly note: number;
  private noted: number;
  private readonly files: readonly { readonly path: string; readonly opened: Stats | undefined }[];

  constructor(database: string) {
    closeSync(openSync(witnessFile(database), 'a', 0o600));
    this.note = openSync(witnessFile(database), 'r+');
    // Room for the number is taken now, so that a full disk cannot fail a commit that has succeeded.
    if (fstatSync(this.note).size === 0) this.write(0);
    this.noted = notedCommits(database);
    this.files = [database, `${database}-wal`].map((path) => ({ path, opened: statOf(path) }));
  }

  /**
   * Notes a commit. Throws when the database was deleted or exchanged under this process: what was committed then lies in a
   * file without a name, and must not be acknowledged.
   */
  committed(seq: number | undefined): void {
    for (const { path, opened } of this.files)
      if (!isSame(statOf(path), opened))
        throw new StoreFault(
          'unavailable',
          `${basename(path)} was deleted or exchanged while it was open; stop everything and put it back`,
        );
    // Looking at an older database must not wipe out what tells that it is one.
    if (seq === undefined || seq <= this.noted) return;
    this.noted = seq;
    this.write(seq);
  }

  close(): void {
    closeSync(this.note);
  }

  private write(seq: number): void {
    writeSync(this.note, String(seq).padStart(DIGITS, '0'), 0);
  }
}

const statOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

const isSame = (one: Stats | undefined, other: Stats | undefined): boolean =>
  one?.ino === other?.ino && one?.dev === other?.dev;

/** How many commits a database lacks of those that were noted; 0 for one that lacks none. It is only read. */
export function missingCommits(database: string): number {
  const noted = notedCommits(database);
  // A database without bytes lacks everything, or is about to be made; whoever opens it knows which.
  if (noted === 0 || statOf(database)?.size === 0) return 0;
  const db = new DatabaseSync(database, { readOnly: true, timeout: BUSY_MS });
  try {
    return Math.max(0, noted - integer(db.prepare('SELECT seq FROM "#meta"').get()?.['seq']));
  } finally {
    db.close();
  }
}

/** Takes the database as it is: what it lacks is not missed any more. */
export function acceptDatabase(database: string): void {
  writeFileSync(witnessFile(database), '', { mode: 0o600 });
}

function notedCommits(database: string): number {
  try {
    const text = readFileSync(witnessFile(database), 'latin1');
    return /^\d{16}$/.test(text) ? Number(text) : 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}
