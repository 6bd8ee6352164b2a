import type { DocumentStore, StorePart } from '@keyserver/docstore';
import type { OpenBucket } from '@keyserver/export-file';
import type { JobIssuer } from './job-issuer.ts';

/** What the launcher needs of the machine's platform. */
export interface LauncherPlatform {
  readonly store: DocumentStore;
  /** What stored keys are looked up by. */
  readonly keyHashSecret: Uint8Array;
  readonly keysPart: StorePart;
  readonly openBucket: OpenBucket;
  readonly createSigningKey: (name: string) => Promise<string>;
  /** The public half of a signing key; undefined when its file is not there. */
  readonly signingKeyOf: (name: string) => Promise<string | undefined>;
  readonly createAuthorityKey: (name: string) => Promise<string>;
  readonly authorityKeyOf: (name: string) => Promise<string | undefined>;
  readonly openIssuer: (url: string) => Promise<JobIssuer>;
  readonly isFirstStart: boolean;
  readonly sweepObjects: () => Promise<void>;
  readonly close: () => Promise<void>;
}
