import type { Test } from 'jest-runner';

/** Has jest run test files in the order in which the command line names them. */
export default class GivenOrder {
  sort(tests: readonly Test[]): readonly Test[] {
    return tests;
  }

  cacheResults(): void {
    // Nothing is remembered for a later order.
  }
}
