import type { ReadMessage } from './wire.ts';

/** At which moment a read happens, as its request says it: in a transaction, in one that it begins, or now. */
export type Consistency =
  | { readonly transaction: Uint8Array }
  | {
      readonly newTransaction: {
        readonly readWrite: { readonly retryTransaction?: Uint8Array };
      };
    }
  | Record<string, never>;

/** To what a read belongs, and who is told what its answer says besides documents. */
export interface Reading {
  /** Whether it may wait for locks, and takes them. */
  readonly locks: boolean;
  consistency(): Consistency;
  heard(message: ReadMessage): void;
}

/** A read outside transactions. */
export const OUTSIDE: Reading = {
  locks: false,
  consistency: () => ({}),
  heard: () => undefined,
};
