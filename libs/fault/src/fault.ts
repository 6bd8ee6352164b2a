/**
 * What is known about a fault, for whoever has to mend it. All of it is logged: it is fixed or configured, and never comes out
 * of a document or from a client.
 */
export interface FaultDetails {
  /** The name that a database, the system or a protocol has for what happened, such as SQLITE_CORRUPT or PERMISSION_DENIED. */
  readonly code?: string;
  /** Its number for the same. */
  readonly number?: number;
  /** The sentence that always goes with this number. */
  readonly text?: string;
  /** The collection, table, index, bucket, object or key that was used. */
  readonly object?: string;
  /** The file or the database. */
  readonly path?: string;
}

/** What a fault may carry besides its code and its message. */
export interface FaultOptions extends ErrorOptions {
  readonly details?: FaultDetails;
}

/**
 * Something in the world failed: it is away, damaged, full, or not set up as it must be. Each package that throws has one
 * class for it, named after what failed, with a closed list of codes. The code is stable: logs, health and callers read it.
 * The message is for the people who run this machine, and never reaches a client or a log.
 */
export abstract class Fault<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: FaultDetails;

  constructor(code: Code, message: string, options: FaultOptions = {}) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }
}
