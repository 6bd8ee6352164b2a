import {
  type Collection,
  MAX_TRANSACTION_BYTES,
  MAX_WRITES,
  type Query,
  StoreFault,
  indexFor,
} from '@keyserver/docstore';
import { backOff } from '@keyserver/retry';
import { CallFault, writeFault } from './failure.ts';
import { OUTSIDE, type StoredDocument } from './wire.ts';
import { existing, runDeclared } from './reads.ts';
import { type Database, retrying } from './database.ts';
import { deletedBytes } from './document.ts';

/**
 * Deletes the documents of a query in steps of at most 500, and of no more than one commit may change: it reads documents, as
 * only whole ones tell how much they and their index entries weigh, then deletes each as it was read. One that changed in
 * between is looked at again, as it may no longer belong to the query.
 */
export async function deleteAllOf<D>(
  database: Database,
  from: Collection<D>,
  query: Query<D>,
): Promise<number> {
  indexFor(from.layout, query);
  const deletion = new Deletion(database);
  for (;;) {
    const left = (query.limit ?? Infinity) - deletion.count;
    if (left <= 0) return deletion.count;
    const step = { ...query, limit: Math.min(MAX_WRITES, left) };
    const documents = await readStep(database, from, step);
    if (documents.length === 0) return deletion.count;
    await deletion.delete(documents);
  }
}

/** The first documents of a query that one commit can delete: at least one, as no document is too large for that. */
async function readStep<D>(
  database: Database,
  from: Collection<D>,
  query: Query<D>,
): Promise<readonly StoredDocument[]> {
  return await retrying(database, from.layout.name, async () => {
    const found: StoredDocument[] = [];
    let bytes = 0;
    await runDeclared(database.connection, from, { query, reading: OUTSIDE }, (document) => {
      bytes += deletedBytes(from.layout, document);
      const fits = bytes <= MAX_TRANSACTION_BYTES;
      if (fits) found.push(document);
      return fits;
    });
    return found;
  });
}

/** The progress of one bulk deletion. */
class Deletion {
  count = 0;
  private readonly database: Database;
  private inVain = 0;

  constructor(database: Database) {
    this.database = database;
  }

  async delete(documents: readonly StoredDocument[]): Promise<void> {
    try {
      await this.database.connection.commit(documents.map(deletionOf));
      this.count += documents.length;
      this.inVain = 0;
    } catch (error) {
      if (!(error instanceof CallFault)) throw error;
      await this.takeFailure(error);
      if (error.meaning === 'away') this.count += await this.gone(documents);
    }
  }

  /** How many of these are gone after a commit of which no outcome was heard. */
  private async gone(documents: readonly StoredDocument[]): Promise<number> {
    const names = documents.map(({ name }) => name);
    const { connection } = this.database;
    const left = await retrying(
      this.database,
      'deleted documents',
      async () => await existing(connection, names),
    );
    return names.length - left.size;
  }

  // Refused: a document was changed or deleted since it was read; what is left is read again.
  private async takeFailure(failure: CallFault): Promise<void> {
    const { limits } = this.database;
    this.inVain++;
    const contended = failure.meaning === 'contended' || failure.meaning === 'refused';
    const most = contended ? limits.attempts : limits.failures;
    if (failure.meaning === 'barred' || this.inVain >= most) throw faultOf(failure, contended);
    await backOff(this.database, limits, { attempt: this.inVain });
  }
}

const faultOf = (failure: CallFault, contended: boolean): StoreFault =>
  contended
    ? new StoreFault('contended', 'others change what is to be deleted, again and again', {
        cause: failure,
      })
    : writeFault(failure);

const deletionOf = ({
  name,
  updateTime,
}: StoredDocument): {
  delete: string;
  currentDocument?: { updateTime: NonNullable<typeof updateTime> };
} => ({
  delete: name,
  ...(updateTime === undefined ? {} : { currentDocument: { updateTime } }),
});
