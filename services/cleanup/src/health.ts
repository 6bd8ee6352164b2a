import type { DocumentStore } from '@keyserver/docstore';
import { HealthFault, type HealthProbe, seldom } from '@keyserver/service';
import { type Finding, readFindings } from '@keyserver/stores';
import { type Clock, HOUR, MINUTE } from '@keyserver/time';

const FINDINGS: readonly Finding[] = [
  ...(['keys_held', 'still_listed', 'archive_missing'] as const),
  ...(['records_missing', 'objects_unknown'] as const),
];

/** Three runs of a job that comes every four hours: one of them may find a process that has just begun. */
const MAY_WAIT = 12 * HOUR;

/** Fail while what the last runs have found is not found mended: kept in the store, so that a new process knows it too. */
export function findingProbes(store: DocumentStore, clock: Clock): readonly HealthProbe[] {
  const failOn = async (finding: Finding, before?: number): Promise<void> => {
    const [found] = await readFindings(store, [finding], before);
    if (found !== undefined) throw new HealthFault(...found);
  };
  return [
    ...FINDINGS.map((finding) => async () => {
      await failOn(finding);
    }),
    async () => {
      await failOn('deletion_waits', (await store.now()) - MAY_WAIT);
    },
  ].map((probe) => seldom(probe, MINUTE, clock));
}
