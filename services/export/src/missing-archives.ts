import { HealthFault, type HealthProbe } from '@keyserver/service';
import type { Destination } from './publish-index.ts';

/** Remembers where archives were missing when this process last looked for them. */
export interface MissingArchives {
  /** Notes how many archives of a place are recorded and not there. */
  readonly note: (place: Destination, missing: number) => void;
  /** Fails while archives are missing anywhere. */
  readonly probe: HealthProbe;
}

/** Begins to remember missing archives; all are there until one was missed. */
export function missingArchives(): MissingArchives {
  const missed = new Map<string, string>();
  return {
    note: ({ id, bucket, filenameRoot }, missing) => {
      const place = `${bucket}/${filenameRoot}`;
      if (missing === 0) missed.delete(`${id} ${place}`);
      else
        missed.set(`${id} ${place}`, `${missing} archives of export ${id} are gone from ${place}`);
    },
    probe: async () => {
      await Promise.resolve();
      const [first] = missed.values();
      if (first !== undefined) throw new HealthFault('archive_missing', first);
    },
  };
}
