import type { WholeConfiguration } from '@keyserver/configuration';
import type { DocumentStore, StorePart } from '@keyserver/docstore';
import type { FindSigner, OpenBucket, TrySigner } from '@keyserver/export-file';
import type { Random } from '@keyserver/random';
import type { KeyWrapper } from '@keyserver/revision-token';
import type { JobService, JobState } from '@keyserver/scheduled-jobs';
import type { StoreProfile } from '@keyserver/stores';
import type { Clock, Timers, UnixMillis, WindowLength } from '@keyserver/time';

/** What the services are told by their environment, as far as checks go by it. Times are in ms. */
export interface PatientSettings {
  readonly window: WindowLength;
  readonly profile: StoreProfile;
  /** Undefined where the doctor was not told it. */
  readonly keyHashSecret: Uint8Array | undefined;
  readonly minWindowAge: number;
  readonly exportRetention: number;
  /** For how long caches may keep an index, in seconds. */
  readonly indexMaxAgeSeconds: number;
  /** How long after it was due a batch may take until it is listed. */
  readonly exportLate: number;
  readonly maxKeyAgeHours: number;
  readonly newDataKey: number;
  /** How far a query may be behind its partner. */
  readonly federationLate: number;
  /** How often a day phones look for new files and have them matched. */
  readonly checksADay: number;
  /** A sentence for each setting that is for trying things out, or keeps phones from being served. */
  readonly unfit: readonly string[];
  /** A sentence for each service whose settings are refused; it names them and none of their values. */
  readonly refused: readonly string[];
}

/** A server that is open. */
export interface OpenPatient {
  /** What people call it, as in "the data in …". */
  readonly place: string;
  readonly store: DocumentStore;
  /** Acknowledged commits that the database lacks. */
  readonly missingCommits: number;
  /** Why the clock of this machine is doubted, in a sentence; only where a store lives by it. */
  readonly clockDoubt?: () => Promise<string | undefined>;
  /** What lies beside the database and carries its id. */
  readonly parts: () => Promise<readonly StorePart[]>;
  readonly openBucket: OpenBucket;
  /** Rejects with a sentence when the bucket is not there or may not be written by whoever runs the doctor. */
  readonly checkBucket: (bucket: string) => Promise<void>;
  readonly signers: () => Promise<{
    readonly findSigner: FindSigner;
    readonly trySigner: TrySigner;
  }>;
  /** What wraps the data keys of revision tokens; undefined when its name is not known. */
  readonly wrapper: () => Promise<KeyWrapper | undefined>;
}

/** Who has been granted what. */
export interface Grant {
  /** Such as `roles/storage.objectViewer`. */
  readonly role: string;
  readonly members: readonly string[];
}

/** Reads who may do what; a fault when it may not be read. */
export interface Grants {
  readonly ofBucket: (bucket: string) => Promise<readonly Grant[]>;
  /** Of a key of Cloud KMS by its full name, without a version. */
  readonly ofKey: (key: string) => Promise<readonly Grant[]>;
}

/** An answer over HTTP. */
export interface Fetched {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

/** A certificate that protects an address. */
export interface Certificate {
  readonly until: UnixMillis;
  /** Why whoever connects does not believe it; undefined when they do. */
  readonly disbelieved: string | undefined;
}

/** What the doctor reaches over the network. */
export interface Network {
  /** Gives any answer that comes; rejects with a sentence when none does, or one of more than `maxBytes`. */
  readonly fetch: (url: string, maxBytes: number) => Promise<Fetched>;
  readonly certificateOf: (host: string, port: number) => Promise<Certificate>;
}

/** Where a server is reached. */
export interface Addresses {
  /** The root addresses of services, by name. */
  readonly services: ReadonlyMap<string, string>;
  /** Services that there must be, whose address is to be known. */
  readonly expected: readonly string[];
  /** The address under which the objects of a bucket are served; undefined when it is not known. */
  readonly files: ((bucket: string) => string) | undefined;
  /** Where the public keys of whoever vouches for jobs are. */
  readonly jobKeys: string | undefined;
  /** The same of those who vouch for partners. */
  readonly partnerKeys: readonly string[];
}

/** The machine that a server runs on. */
export interface PatientMachine {
  readonly disk: () => Promise<{
    readonly bytes: number;
    readonly freeBytes: number;
    /** Whether writing may fail soon. */
    readonly isFull: boolean;
  }>;
  /** Files with keys and secrets that others than their owner may read. */
  readonly exposedFiles: () => Promise<readonly string[]>;
  /** Such as 24.1.0. */
  readonly nodeVersion: string;
}

/** What the scheduler of a cloud has, and what it should have. */
export interface PatientJobs {
  readonly list: () => Promise<readonly JobState[]>;
  readonly prefix: string;
  readonly urls: ReadonlyMap<JobService, string>;
  /** The command that checks them alone, and prints how to mend each. */
  readonly command: string;
}

/** A server under examination: all that checks may ask for. */
export interface Patient {
  readonly platform: 'local' | 'gcp';
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly settings: PatientSettings;
  /** Opened when it is first asked for; a fault stays. */
  readonly open: () => Promise<OpenPatient>;
  readonly network: Network;
  readonly addresses: Addresses;
  /** Certificates in files that services are given: what each is for, and its content in PEM. */
  readonly certificateFiles: () => Promise<ReadonlyMap<string, string>>;
  /** Undefined on a cloud. */
  readonly machine: PatientMachine | undefined;
  /** Undefined where the launcher starts the jobs; rejects, when asked, where their place is not known. */
  readonly jobs: PatientJobs | undefined;
  /** Undefined on one machine. */
  readonly grants: Grants | undefined;
}

/** The exports of a configuration that have not ended. */
export const unended = <T extends { readonly thru: UnixMillis | undefined }>(
  entries: readonly T[],
  now: UnixMillis,
): readonly T[] => entries.filter(({ thru }) => thru === undefined || now < thru);

/** An export as it is configured. */
export type Export = WholeConfiguration['exports'][number];
