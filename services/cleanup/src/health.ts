import type { DocumentStore } from '@keyserver/docstore';
import { HealthFault, type HealthProbe, seldom } from '@keyserver/service';
import { type Finding, readFindings } from '@keyserver/stores';
import { type Clock, MINUTE } from '@keyserver/time';

const FINDINGS: readonly Finding[] = [
  ...(['keys_held', 'still_listed', 'archive_missing'] as const),
  ...(['records_missing', 'objects_unknown'] as const),
];

/** Fail while what the last runs have found is not found mended: kept in the store, so that a new process knows it too. */
export const findingProbes = (store: DocumentStore, clock: Clock): readonly HealthProbe[] =>
  FINDINGS.map((finding) =>
    seldom(
      async () => {
        const [found] = await readFindings(store, [finding]);
        if (found !== undefined) throw new HealthFault(...found);
      },
      MINUTE,
      clock,
    ),
  );
