/** Documents that were read, written and deleted, as Firestore counts and bills them. */
export interface UsageCount {
  readonly reads: number;
  readonly writes: number;
  readonly deletes: number;
}

/**
 * Counts what is billed. https://firebase.google.com/docs/firestore/pricing#operations: a document that is looked for and not
 * there is a read, and so is a query without a result.
 */
export class Usage {
  #reads = 0;
  #writes = 0;
  #deletes = 0;

  readDocuments(names: number): void {
    this.#reads += names;
  }

  ranQuery(results: number): void {
    this.#reads += Math.max(1, results);
  }

  committed(writes: number, deletes: number): void {
    this.#writes += writes;
    this.#deletes += deletes;
  }

  /** What came together since the last time. */
  take(): UsageCount {
    const count = { reads: this.#reads, writes: this.#writes, deletes: this.#deletes };
    [this.#reads, this.#writes, this.#deletes] = [0, 0, 0];
    return count;
  }
}
