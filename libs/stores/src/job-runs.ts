import { type DocumentStore, collection, int } from '@keyserver/docstore';
import { type UnixMillis, unixMillis } from '@keyserver/time';

/** When each job last did all that was due, by its name. */
export const jobRuns = collection({ name: 'jobRuns', fields: { completedAt: int() } });

/** Notes that a run of a job has just done all that was due; two runs at once leave the later of them. */
export async function noteCompleted(store: DocumentStore, job: string): Promise<void> {
  await store.transact(async (tx) => {
    await tx.get(jobRuns, [job]);
    tx.set(jobRuns, job, { completedAt: tx.now });
  });
}

/** When jobs last did all that was due, in the order of their names; 0 for one that never did. */
export async function readCompleted(
  store: Pick<DocumentStore, 'get'>,
  jobs: readonly string[],
): Promise<readonly UnixMillis[]> {
  const stored = await store.get(jobRuns, jobs);
  return jobs.map((_, n) => unixMillis(stored[n]?.completedAt ?? 0));
}
