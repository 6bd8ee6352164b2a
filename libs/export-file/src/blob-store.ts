/** What is said of an object when it is served. */
export interface BlobHeaders {
  readonly contentType: string;
  readonly cacheControl: string;
  /** SHA-256, in hex, of what the object stands for (for an archive: of its export.bin). */
  readonly digest: string;
}

/** An object as it lies in the store. `generation` changes with every new content. */
export interface BlobInfo extends BlobHeaders {
  readonly name: string;
  readonly generation: string;
  readonly size: number;
}

/** Objects of one bucket. Names are relative paths of plain segments ([A-Za-z0-9._-]+, joined by '/'). */
export interface BlobStore {
  find(name: string): Promise<BlobInfo | undefined>;
  /** The whole content, for small objects, with what is known of it. */
  read(
    name: string,
  ): Promise<{ readonly info: BlobInfo; readonly content: Uint8Array } | undefined>;
  /**
   * Writes an object completely or not at all. `expected` is the generation it replaces, or 'absent'; when something else
   * is there, nothing is written and the answer is 'conflict'.
   */
  put(
    name: string,
    content: AsyncIterable<Uint8Array>,
    options: { readonly headers: BlobHeaders; readonly expected: string },
  ): Promise<BlobInfo | 'conflict'>;
  /**
   * The objects whose names begin with `prefix` (all for the empty one), in no particular order. One that is written or
   * deleted meanwhile may be among them or not.
   */
  list(prefix: string): AsyncIterable<BlobInfo>;
  /** Deletes an object; a missing one counts as deleted. */
  delete(name: string): Promise<void>;
}

/** The buckets of a deployment, by name. */
export type OpenBucket = (bucket: string) => BlobStore;
