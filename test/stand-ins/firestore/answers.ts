import type { Fields, Timestamp, Value } from './value.ts';

/** A document as it travels. */
export interface DocumentMessage {
  readonly name: string;
  readonly fields?: Fields;
  readonly createTime?: Timestamp;
  readonly updateTime?: Timestamp;
}

/** One message of a BatchGetDocuments answer. */
export interface BatchGetAnswer {
  readonly found?: DocumentMessage;
  readonly missing?: string;
  readonly transaction?: Uint8Array;
  readonly readTime?: Timestamp;
}

/** One message of a RunQuery answer. */
export interface RunQueryAnswer {
  readonly document?: DocumentMessage;
  readonly transaction?: Uint8Array;
  readonly readTime?: Timestamp;
  readonly skippedResults?: number;
}

/** One message of a RunAggregationQuery answer. */
export interface AggregationAnswer {
  readonly result?: { readonly aggregateFields: Fields };
  readonly transaction?: Uint8Array;
  readonly readTime?: Timestamp;
}

/** What became of one write; a deletion has no update time. */
export interface WriteResult {
  readonly updateTime?: Timestamp;
  readonly transformResults: readonly Value[];
}

/** The answer of Commit. */
export interface CommitAnswer {
  readonly writeResults: readonly WriteResult[];
  readonly commitTime: Timestamp;
}

/** The answer of BatchWrite: a result and a status for each write. */
export interface BatchWriteAnswer {
  readonly writeResults: readonly WriteResult[];
  readonly status: readonly { readonly code: number; readonly message: string }[];
}

/** The answer of ListDocuments. */
export interface ListDocumentsAnswer {
  readonly documents: readonly DocumentMessage[];
  readonly nextPageToken: string;
}
