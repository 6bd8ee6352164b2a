import type { ArrayValue, Fields, Timestamp, Value } from './value.ts';

/** Which fields are meant; null means all. */
export type Mask = { readonly fieldPaths: readonly string[] } | null;

/** How a transaction is to be begun. */
export interface TransactionOptions {
  readonly mode?: 'readOnly' | 'readWrite';
  readonly readOnly?: { readonly readTime?: Timestamp };
  readonly readWrite?: { readonly retryTransaction: Uint8Array };
}

/** At which moment a read happens: in a transaction, in a new one, in the past, or now. */
export interface Consistency {
  readonly transaction?: Uint8Array;
  readonly newTransaction?: TransactionOptions;
  readonly readTime?: Timestamp;
}

/** The request of BatchGetDocuments. */
export interface BatchGetRequest extends Consistency {
  readonly database: string;
  readonly documents: readonly string[];
  readonly mask: Mask;
}

interface FieldReference {
  readonly fieldPath: string;
}

/** The operators of a filter on one field. */
export type FieldOperator =
  | 'OPERATOR_UNSPECIFIED'
  | 'LESS_THAN'
  | 'LESS_THAN_OR_EQUAL'
  | 'GREATER_THAN'
  | 'GREATER_THAN_OR_EQUAL'
  | 'EQUAL'
  | 'NOT_EQUAL'
  | 'ARRAY_CONTAINS'
  | 'IN'
  | 'ARRAY_CONTAINS_ANY'
  | 'NOT_IN';

/** A comparison of one field. */
export interface FieldFilter {
  readonly field: FieldReference;
  readonly op: FieldOperator;
  readonly value: Value;
}

/** A question about one field. */
export interface UnaryFilter {
  readonly field: FieldReference;
  readonly op: string;
}

/** The condition of a query. */
export type Filter =
  | {
      readonly filterType: 'compositeFilter';
      readonly compositeFilter: { readonly op: string; readonly filters: readonly Filter[] };
    }
  | { readonly filterType: 'fieldFilter'; readonly fieldFilter: FieldFilter }
  | { readonly filterType: 'unaryFilter'; readonly unaryFilter: UnaryFilter };

/** A position in the order of a query: just before the values, or just after them. */
export interface Cursor {
  readonly values: readonly Value[];
  readonly before: boolean;
}

/** A query as it travels. */
export interface StructuredQuery {
  readonly select: { readonly fields: readonly FieldReference[] } | null;
  readonly from: readonly { readonly collectionId: string; readonly allDescendants: boolean }[];
  readonly where: Filter | null;
  readonly orderBy: readonly { readonly field: FieldReference; readonly direction: string }[];
  readonly startAt: Cursor | null;
  readonly endAt: Cursor | null;
  readonly offset: number;
  readonly limit: { readonly value: number } | null;
  readonly findNearest: object | null;
}

/** The request of RunQuery. */
export interface RunQueryRequest extends Consistency {
  readonly parent: string;
  readonly structuredQuery: StructuredQuery;
  readonly explainOptions: object | null;
}

/** The request of RunAggregationQuery. */
export interface AggregationRequest extends Consistency {
  readonly parent: string;
  readonly structuredAggregationQuery: {
    readonly structuredQuery: StructuredQuery;
    readonly aggregations: readonly {
      readonly alias: string;
      readonly count?: { readonly upTo: { readonly value: string } | null };
    }[];
  };
}

/** A change of one field that the server computes. */
export interface FieldTransform {
  readonly fieldPath: string;
  readonly transformType?:
    | 'setToServerValue'
    | 'increment'
    | 'maximum'
    | 'minimum'
    | 'appendMissingElements'
    | 'removeAllFromArray';
  readonly increment?: Value;
  readonly appendMissingElements?: ArrayValue;
  readonly removeAllFromArray?: ArrayValue;
}

/** What must hold of a document before it is written. */
export interface Precondition {
  readonly conditionType?: 'exists' | 'updateTime';
  readonly exists?: boolean;
  readonly updateTime?: Timestamp;
}

/** One write of a commit. */
export interface Write {
  readonly operation?: 'update' | 'delete' | 'transform';
  readonly update?: { readonly name: string; readonly fields: Fields };
  readonly delete?: string;
  readonly updateMask: Mask;
  readonly updateTransforms: readonly FieldTransform[];
  readonly currentDocument: Precondition | null;
}

/** The request of Commit; the transaction is empty when there is none. */
export interface CommitRequest {
  readonly database: string;
  readonly writes: readonly Write[];
  readonly transaction: Uint8Array;
}

/** The request of BatchWrite. */
export interface BatchWriteRequest {
  readonly database: string;
  readonly writes: readonly Write[];
}

/** The request of BeginTransaction. */
export interface BeginRequest {
  readonly database: string;
  readonly options: TransactionOptions | null;
}

/** The request of Rollback. */
export interface RollbackRequest {
  readonly database: string;
  readonly transaction: Uint8Array;
}

/** The request of ListDocuments. */
export interface ListDocumentsRequest extends Consistency {
  readonly parent: string;
  readonly collectionId: string;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly mask: Mask;
  readonly showMissing: boolean;
}

/** The request of ListCollectionIds. */
export interface ListCollectionIdsRequest {
  readonly parent: string;
}
