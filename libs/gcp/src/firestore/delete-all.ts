import { type Collection, MAX_WRITES, type Query, StoreFault, indexFor } from '@keyserver/docstore';
import { setTimeout as pause } from 'node:timers/promises';
import { CallFailure, writeFault } from './failure.ts';
import { pauseBound } from './patience.ts';
import { OUTSIDE } from './reading.ts';
import { runDeclared } from './reads.ts';
import { retrying } from './retrying.ts';
import type { Engine } from './transact.ts';
import type { StoredDocument } from './wire.ts';

/**
 * Deletes the documents of a query in steps of at most 500: reads names, then deletes each document as it was read. One that
 * changed in between is looked at again, as it may no longer belong to the query.
 */
export async function deleteAllOf<D>(
  engine: Engine,
  from: Collection<D>,
  query: Query<D>,
): Promise<number> {
  indexFor(from.layout, query);
  const deletion = new Deletion(engine);
  const names = { ...from, only: [] };
  for (;;) {
    const left = (query.limit ?? Infinity) - deletion.count;
    if (left <= 0) return deletion.count;
    const step = { ...query, limit: Math.min(MAX_WRITES, left + deletion.inDoubt.size) };
    const documents = await retrying(engine, from.layout.name, async () => {
      const found: StoredDocument[] = [];
      await runDeclared(engine.connection, names, { query: step, reading: OUTSIDE }, (document) => {
        found.push(document);
        return true;
      });
      return found;
    });
    deletion.settleDoubt(documents);
    if (documents.length === 0) return deletion.count;
    await deletion.delete(documents.slice(0, (query.limit ?? Infinity) - deletion.count));
  }
}

/** The progress of one bulk deletion. */
class Deletion {
  count = 0;
  /** Names in a commit of which no outcome was heard. Those that are gone when looked for again count as deleted. */
  inDoubt: ReadonlySet<string> = new Set();
  private readonly engine: Engine;
  private inVain = 0;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  settleDoubt(found: readonly StoredDocument[]): void {
    const there = new Set(found.map(({ name }) => name));
    for (const name of this.inDoubt) if (!there.has(name)) this.count++;
    this.inDoubt = new Set();
  }

  async delete(documents: readonly StoredDocument[]): Promise<void> {
    if (documents.length === 0) return;
    try {
      await this.engine.connection.commit(documents.map(deletionOf));
      this.count += documents.length;
      this.inVain = 0;
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      await this.takeFailure(error);
      if (error.verdict === 'away') this.inDoubt = new Set(documents.map(({ name }) => name));
    }
  }

  // Refused: a document was changed or deleted since it was read; what is left is read again.
  private async takeFailure(failure: CallFailure): Promise<void> {
    const { patience, random } = this.engine;
    this.inVain++;
    const contended = failure.verdict === 'contended' || failure.verdict === 'refused';
    const most = contended ? patience.attempts : patience.failures;
    if (failure.verdict === 'barred' || this.inVain >= most) throw faultOf(failure, contended);
    await pause(random.below(pauseBound(patience, this.inVain)));
  }
}

const faultOf = (failure: CallFailure, contended: boolean): StoreFault =>
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
