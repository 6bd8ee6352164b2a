import type { Environment } from '@keyserver/config';
import type { DocumentStore } from '@keyserver/docstore';
import type { BlobStore } from '@keyserver/export-file';
import type { Random } from '@keyserver/random';
import type { SimulatedClock, Timers } from '@keyserver/time';
import type { JobIssuer } from '@keyserver/launcher';

/** The platforms that a round can be played on. */
export const GROUNDS = ['local', 'gcp-stand-ins'] as const;

/** What the platform of a round is named. */
export type GroundName = (typeof GROUNDS)[number];

/** The platform that a round is played on, empty at first. */
export interface Ground {
  /** What tells every service where its platform is. */
  readonly env: Environment;
  readonly store: DocumentStore;
  /** The bucket of all files. */
  readonly bucket: BlobStore;
  /** The names, on this platform, of the private keys that sign files. */
  readonly signingKeys: Readonly<Record<string, string>>;
  readonly openIssuer: (url: string) => Promise<JobIssuer>;
  /** Where phones download files; undefined when that is still to be started. */
  readonly cdn: string | undefined;
  readonly close: () => Promise<void>;
}

/** What every ground is opened with. */
export interface GroundSettings {
  /** An empty directory, for what lies on this machine. */
  readonly dataDirectory: string;
  readonly clock: SimulatedClock;
  readonly timers: Timers;
  readonly random: Random;
}
