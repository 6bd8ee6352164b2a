import type { DocumentStore } from '@keyserver/docstore';
import { type ListExports, type OpenBucket, indexName } from '@keyserver/export-file';
import type { Random } from '@keyserver/random';
import { type HealthProbe, namedProbe, seldom } from '@keyserver/service';
import { probeExports, probeWriting } from '@keyserver/stores';
import { type Clock, MINUTE } from '@keyserver/time';

/** How often health asks for each of these, ms: on Firestore about eight reads and one write each time. */
const EVERY = MINUTE;

/** What shows that jobs could work: all that they read, a write, and the index of each export in its bucket. */
export function probesOfWork(of: {
  readonly store: DocumentStore;
  readonly openBucket: OpenBucket;
  readonly listExports: ListExports;
  readonly random: Random;
  readonly clock: Clock;
}): readonly HealthProbe[] {
  const { store, openBucket, listExports, random, clock } = of;
  const indexes = async (): Promise<void> => {
    for (const { bucket, filenameRoot } of await listExports())
      await openBucket(bucket).find(indexName(filenameRoot));
  };
  return [
    probeExports(store, random),
    probeWriting(store, random),
    namedProbe('bucket_unavailable', Error, indexes),
  ].map((probe) => seldom(probe, EVERY, clock));
}
