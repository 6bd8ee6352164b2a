import type { DocumentStore } from '@keyserver/docstore';
import type { BucketNames } from './bucket-names.ts';
import {
  type Difference,
  comparedAfter,
  differencesFrom,
  formatDifference,
} from './data-differences.ts';
import type { Manifest } from './data-manifest.ts';
import { openExport } from './open-export.ts';
import { type Refused, refusing } from './unusable-export.ts';

/** Whether a store holds what an export does. */
export type VerifyOutcome =
  | { readonly kind: 'equal'; readonly manifest: Manifest }
  | {
      readonly kind: 'differs';
      readonly manifest: Manifest;
      readonly differences: readonly Difference[];
    }
  | Refused;

/** Compares a store with an export: counts and digests of each collection, but for what is about to expire. */
export const verifyData = async (
  store: DocumentStore,
  {
    directory,
    buckets = new Map(),
  }: { readonly directory: string; readonly buckets?: BucketNames },
): Promise<VerifyOutcome> =>
  await refusing(async (): Promise<VerifyOutcome> => {
    const liveAt = comparedAfter(await store.now());
    const { manifest, live } = await openExport(directory, { liveAt, buckets });
    const differences = [
      ...(await differencesFrom(live, store, liveAt)),
      ...(await formatDifference(manifest.storeFormat, store)),
    ];
    return differences.length === 0
      ? { kind: 'equal', manifest }
      : { kind: 'differs', manifest, differences };
  });
