import type { Collection } from '@keyserver/docstore';
import { exportBatches, exportConfigs } from '@keyserver/stores';

/** What buckets are called at the target, by their names at the source; others keep theirs. */
export type BucketNames = ReadonlyMap<string, string>;

/**
 * A document in which buckets have the target's names. Batches remember where their files are: a bucket that was only
 * renamed in the configuration would begin with an empty index, and phones would miss the files that they have not read.
 */
export function withBucketNames<D extends object>(
  { layout: { name }, codec }: Collection<D>,
  value: D,
  names: BucketNames,
): D {
  if (names.size === 0) return value;
  if (name === exportConfigs.layout.name) return { ...value, ...renamed(value, names) };
  if (name !== exportBatches.layout.name) return value;
  const settings = codec.read(value, 'settings');
  return typeof settings === 'object' && settings !== null
    ? { ...value, settings: { ...settings, ...renamed(settings, names) } }
    : value;
}

function renamed(holder: object, names: BucketNames): { readonly bucket?: string } {
  const bucket: unknown = 'bucket' in holder ? holder.bucket : undefined;
  const name = typeof bucket === 'string' ? names.get(bucket) : undefined;
  return name === undefined ? {} : { bucket: name };
}
