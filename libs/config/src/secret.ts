const inspection = Symbol.for('nodejs.util.inspect.custom');
const MASK = '[secret]';

/** A value that refuses to print: every way of turning it into text gives a mask, and only `reveal` opens it. */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself, for the one place that needs it. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspection](): string {
    return MASK;
  }
}
