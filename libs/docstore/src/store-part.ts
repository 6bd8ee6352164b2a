/**
 * A part of a store outside its database, such as the directory of keys or a bucket. It carries the id of the store, so that
 * a part that vanished, or was exchanged for that of another store, is not taken for it.
 */
export interface StorePart {
  /** What it is recorded under in the database: `keys`, or the name of a bucket behind `bucket:`. */
  readonly name: string;
  /** What people call it, as the beginning of a sentence. */
  readonly described: string;
  /** The id that it carries; undefined when it carries none. */
  readonly readId: () => Promise<string | undefined>;
  readonly writeId: (id: string) => Promise<void>;
}
