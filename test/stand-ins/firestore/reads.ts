import type {
  AggregationAnswer,
  BatchGetAnswer,
  DocumentMessage,
  RunQueryAnswer,
} from './answers.ts';
import { HISTORY, type Version } from './collection.ts';
import { placeWithin } from './document-name.ts';
import type { Documents } from './documents.ts';
import { masked } from './field-path.ts';
import type { Reader } from './locks.ts';
import { type FirestoreIndexes, checkIndexed } from './index-rules.ts';
import { planOf } from './query-plan.ts';
import { Refusal } from '../grpc/refusal.ts';
import type {
  AggregationRequest,
  BatchGetRequest,
  Consistency,
  RunQueryRequest,
  StructuredQuery,
} from './requests.ts';
import { type QueryResult, runQuery } from './run-query.ts';
import { type Micros, type StoreClock, fromTimestamp, toTimestamp } from './store-clock.ts';
import { type Transaction, type Transactions, touches } from './transactions.ts';
import type { Usage } from './usage.ts';
import type { Fields, Timestamp } from './value.ts';

interface Parts {
  readonly documents: Documents;
  readonly clock: StoreClock;
  readonly transactions: Transactions;
  readonly indexes: FirestoreIndexes | undefined;
  readonly usage: Usage;
}

/** The moment that a read sees, and the transaction that locks what it sees. */
interface View {
  /** Undefined: the documents as they are. */
  readonly at: Micros | undefined;
  readonly locking: Transaction | undefined;
  /** What tells the caller of a transaction that this read began. */
  readonly begun: readonly { readonly transaction: Uint8Array }[];
}

/** Reads of documents and queries. */
export class Reads {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  batchGet(request: BatchGetRequest): Reader<readonly BatchGetAnswer[]> {
    const places = request.documents.map((name) => placeWithin(request.database, name));
    const names = new Set(places.map(({ name }) => name));
    const view = this.view(request);
    const fields = request.mask?.fieldPaths;
    return {
      transaction: view.locking,
      locks: (change) => touches({ names, scans: [] }, change),
      answer: () => {
        const readTime = this.readTimeOf(view);
        this.parts.usage.readDocuments(places.length);
        for (const name of names) view.locking?.names.add(name);
        const answers = places.map((place): BatchGetAnswer => {
          const version = this.parts.documents.get(place, view.at);
          if (version === undefined) return { missing: place.name, readTime };
          return { found: messageOf(version, fields), readTime };
        });
        return [...view.begun, ...answers];
      },
    };
  }

  runQuery({
    parent,
    structuredQuery: query,
    ...request
  }: RunQueryRequest): Reader<readonly RunQueryAnswer[]> {
    if (request.explainOptions !== null)
      throw new Refusal('UNIMPLEMENTED', 'The stand-in does not explain queries.');
    const view = this.view(request);
    const mask = query.select?.fields.map(({ fieldPath }) => fieldPath);
    return {
      transaction: view.locking,
      locks: (change) =>
        touches({ names: new Set(), scans: this.scansOf(parent, query, view) }, change),
      answer: () => {
        const readTime = this.readTimeOf(view);
        const { versions, skipped } = this.query(parent, query, view);
        return [
          ...view.begun,
          ...versions.map((version) => ({ document: messageOf(version, mask), readTime })),
          { readTime, skippedResults: skipped },
        ];
      },
    };
  }

  *aggregate({
    parent,
    structuredAggregationQuery: asked,
    ...request
  }: AggregationRequest): Generator<AggregationAnswer> {
    const view = this.view(request);
    const { versions } = this.query(parent, asked.structuredQuery, view);
    const counts = asked.aggregations.map(({ alias, count }): [string, Fields[string]] => {
      if (count === undefined)
        throw new Refusal('UNIMPLEMENTED', 'The stand-in counts, and aggregates nothing else.');
      const most = Number(count.upTo?.value ?? Infinity);
      const integerValue = String(Math.min(versions.length, most));
      return [alias, { valueType: 'integerValue', integerValue }];
    });
    yield* view.begun;
    yield {
      result: { aggregateFields: Object.fromEntries(counts) },
      readTime: this.readTimeOf(view),
    };
  }

  private query(parent: string, query: StructuredQuery, { at, locking }: View): QueryResult {
    const { documents, indexes } = this.parts;
    const plan = planOf(parent, query);
    if (indexes !== undefined) checkIndexed(indexes, plan);
    const result = runQuery(documents, plan, at);
    this.parts.usage.ranQuery(result.versions.length + result.skipped);
    locking?.scans.push(...result.seen.map((seen) => ({ collection: plan.collection, seen })));
    return result;
  }

  /** What a query would see now. */
  private scansOf(parent: string, query: StructuredQuery, { at }: View): Transaction['scans'] {
    const plan = planOf(parent, query);
    const { seen } = runQuery(this.parts.documents, plan, at);
    return seen.map((scan) => ({ collection: plan.collection, seen: scan }));
  }

  private readTimeOf({ at }: View): Timestamp {
    return toTimestamp(at ?? this.parts.clock.read());
  }

  private view(request: Consistency): View {
    const { clock, transactions } = this.parts;
    const { newTransaction, transaction: token } = request;
    const fresh = newTransaction === undefined ? undefined : transactions.begin(newTransaction);
    const transaction = token === undefined ? fresh : transactions.use(token);
    const asked = request.readTime === undefined ? undefined : fromTimestamp(request.readTime);
    const at = transaction === undefined ? asked : transaction.readTime;
    checkReadTime(at, clock.read());
    return {
      at,
      locking: at === undefined ? transaction : undefined,
      begun: fresh === undefined ? [] : [{ transaction: fresh.token }],
    };
  }
}

function checkReadTime(at: Micros | undefined, now: Micros): void {
  if (at !== undefined && at > now)
    throw new Refusal('INVALID_ARGUMENT', 'The requested snapshot version is in the future.');
  if (at !== undefined && at < now - HISTORY)
    throw new Refusal('FAILED_PRECONDITION', 'The requested snapshot version is too old.');
}

/** A document as it is answered. */
export const messageOf = (version: Version, mask?: readonly string[]): DocumentMessage => ({
  name: version.place.name,
  fields: masked(version.fields, mask),
  createTime: toTimestamp(version.createTime),
  updateTime: toTimestamp(version.updateTime),
});
