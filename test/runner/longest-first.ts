/**
 * The test files that take longest, from the longest on. Jest knows this only of files that ran here before; after `npm ci` it
 * goes by size, and short files that run for minutes would come last, when the other processes have nothing left to do.
 */
export const LONGEST: readonly string[] = [
  'test/privacy/padding.slow.test.ts',
  'test/image/image.slow.test.ts',
  'test/crash/kill.slow.test.ts',
  'test/simulation/sixteen-days.slow.test.ts',
  'test/federation/model.slow.test.ts',
  'test/simulation/on-google-cloud.slow.test.ts',
  'test/federation/million.slow.test.ts',
  'test/crash/full-disk.slow.test.ts',
  'test/federation/whole-servers.slow.test.ts',
  'libs/operations/src/change-window.slow.test.ts',
  'test/padding/revisions.slow.test.ts',
  'test/federation/cloud-kill.slow.test.ts',
  'test/federation/stores-in-firestore.slow.test.ts',
  'test/crash/wrong-clock.slow.test.ts',
  'test/conformance/publish.slow.test.ts',
  'libs/data-transfer/src/move.slow.test.ts',
  'libs/data-transfer/src/move.test.ts',
  'test/conformance/publish.test.ts',
  'test/e2e/recall.test.ts',
  'test/federation/reference-faults.test.ts',
  'services/export/src/do-work.test.ts',
];

/** Those of `LONGEST` first, in its order, and the others behind them as they came. */
export function longestFirst<T extends { readonly path: string }>(tests: readonly T[]): T[] {
  const placeOf = ({ path }: T): number => {
    const place = LONGEST.findIndex((name) => path.endsWith(`/${name}`));
    return place === -1 ? LONGEST.length : place;
  };
  return tests.toSorted((one, other) => placeOf(one) - placeOf(other));
}
