import type { DocumentStore, StorePart } from '@keyserver/docstore';
import type { FindSigner, OpenBucket, TrySigner } from '@keyserver/export-file';
import { openLocalPlatform } from '@keyserver/local';
import type { Damage, Rebuilt } from '@keyserver/export/rebuild';
import type { FederationQuery, PullProblem } from '@keyserver/federation';
import type { SigningPlatform } from '@keyserver/configuration';
import type { MendableTime } from '@keyserver/operations';
import type { Scheduler } from '@keyserver/scheduled-jobs';
import { HOUR } from '@keyserver/time';
import { CommandFault, sentenceOf } from './command-fault.ts';
import type { Machine } from './terminal.ts';

/** A store that a command works on; the command closes it. */
export interface OpenStore {
  readonly store: DocumentStore;
  /** What stored keys are looked up by, where the store's platform keeps it. */
  readonly keyHashSecret?: Uint8Array;
  /** Where its signing keys sign, where the platform keeps them with the store. */
  readonly signing?: SigningPlatform;
  /** The keys as a part of the store, where they lie beside it. */
  readonly keysPart?: StorePart;
  /** Makes identity tokens of the machine's own issuer, where there is one. */
  readonly issuerTokens?: (
    url: string,
  ) => (identity: { readonly audience: string; readonly email: string }) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Opens what a server on one machine keeps in its data directory; the caller closes it. */
export async function openPlatform(
  dataDirectory: string,
  { clock, timers, random }: Machine,
  options: { readonly databaseMayBeNew: boolean },
): Promise<OpenStore> {
  const platform = await openLocalPlatform({ dataDirectory, clock, timers, random, ...options });
  return { ...platform, signing: platform };
}

/** Opens the signing keys of Cloud KMS; the caller closes them. Google's client is loaded only here, as that takes its time. */
export async function openCloudKeys(
  endpoint: string | undefined,
  { timers, random }: Machine,
): Promise<SigningPlatform & { readonly close: () => Promise<void> }> {
  const { openKms } = await import('@keyserver/cloud-kms');
  return await openKms({ endpoint, timers, random });
}

/** Opens the time of a server on one machine; the caller closes it. */
export async function openStoreTime(
  dataDirectory: string,
  { clock, timers, random }: Machine,
): Promise<{ readonly time: MendableTime; readonly close: () => Promise<void> }> {
  const { store, close } = await openLocalPlatform({ dataDirectory, clock, timers, random });
  return {
    time: {
      report: async () => await store.timeReport(),
      mend: async (as, decide) => await store.mendTime(as, decide),
    },
    close,
  };
}

/** Opens a Firestore database; the caller closes it. Google's client is loaded only here, as that takes its time. */
export async function openFirestore(
  options: {
    readonly project: string;
    readonly database: string | undefined;
    /** An emulator in the place of Google. */
    readonly endpoint: string | undefined;
  },
  { clock, timers, random }: Machine,
): Promise<OpenStore> {
  const { openFirestoreStore } = await import('@keyserver/firestore');
  const store = await openFirestoreStore({
    ...{ projectId: options.project, clock, timers, random },
    ...(options.database === undefined ? {} : { databaseId: options.database }),
    ...(options.endpoint === undefined ? {} : { emulatorHost: options.endpoint }),
  });
  return {
    store,
    close: async () => {
      await store.close();
    },
  };
}

/** Where Cloud Scheduler is reached in the place of Google's own address. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly onThisMachine: boolean;
}

/** Opens the jobs of a project and location; the caller closes them. Google's client is loaded only here, as that takes its time. */
export async function openScheduler(
  options: {
    readonly project: string;
    readonly location: string;
    /** Another address than Google's; on this very machine it is spoken to in plain text. */
    readonly endpoint: Endpoint | undefined;
  },
  { timers }: Machine,
): Promise<Scheduler & { readonly close: () => Promise<void> }> {
  const { openScheduler: open } = await import('@keyserver/cloud-scheduler');
  const { project: projectId, location, endpoint } = options;
  const elsewhere =
    endpoint === undefined
      ? {}
      : { servicePath: endpoint.host, port: endpoint.port, insecure: endpoint.onThisMachine };
  return open({ projectId, location, timers, ...elsewhere });
}

/** What signs files, until it is closed. */
interface Signers {
  readonly findSigner: FindSigner;
  readonly trySigner: TrySigner;
  readonly close: () => Promise<void>;
}

/** A store with what lies beside its database; the command closes it. */
export interface OpenWhole extends OpenStore {
  readonly openBucket: OpenBucket;
  /** Opens what signs files; whoever only looks at parts needs no signing keys. */
  readonly openSigners: () => Promise<Signers>;
  /** Acknowledged commits that the database lacks. */
  readonly missingCommits: number;
  /** Takes the database as it is, without what it lacks. */
  readonly acceptDatabase: () => void;
  /** Where the store has an index of its own making. */
  readonly rebuildArrayIndex?: () => number;
  /** What that index lacks and has too much, in entries; one machine only. */
  readonly checkArrayIndex?: () =>
    { readonly missing: number; readonly stray: number } | 'unreadable';
}

/** Opens all that a server on one machine keeps, also when it lacks commits. */
export async function openLocalWhole(
  dataDirectory: string,
  { clock, timers, random }: Machine,
): Promise<OpenWhole> {
  const platform = await openLocalPlatform({
    ...{ dataDirectory, clock, timers, random },
    databaseMayBeOlder: true,
  });
  const { findSigner, trySigner } = platform;
  const signers = {
    findSigner,
    trySigner,
    close: async () => {
      await Promise.resolve();
    },
  };
  return { ...platform, openSigners: async () => await Promise.resolve(signers) };
}

/** Opens all that a server on Google Cloud keeps; the clients are loaded only here, as that takes its time. */
export async function openCloudWhole(
  options: {
    readonly project: string;
    readonly database?: string;
    readonly endpoint?: string;
    readonly storageEndpoint?: string;
    readonly kmsEndpoint?: string;
  },
  machine: Machine,
): Promise<OpenWhole> {
  const { timers, random } = machine;
  const { openCloudBuckets } = await import('@keyserver/cloud-storage');
  const { project, database, endpoint, storageEndpoint, kmsEndpoint } = options;
  const at = storageEndpoint === undefined ? {} : { apiEndpoint: `http://${storageEndpoint}` };
  const buckets = openCloudBuckets({ projectId: project, timers, random, ...at });
  const opened = await openFirestore({ project, database, endpoint }, machine);
  return {
    ...opened,
    openBucket: buckets.openBucket,
    openSigners: async () => {
      const { openKms } = await import('@keyserver/cloud-kms');
      return await openKms({ endpoint: kmsEndpoint, timers, random });
    },
    missingCommits: 0, // Firestore keeps what it has acknowledged
    acceptDatabase: () => undefined,
  };
}

/** The files of all exports: what is broken of them, and mending it. */
export interface FileRebuild {
  /** `looked` hears how many batches were looked at. */
  readonly find: (looked: (batches: number) => void) => Promise<Damage>;
  /** `mended` hears after every batch what was done so far. */
  readonly mend: (
    damage: Damage,
    by: { readonly actor: string; readonly mended: (sofar: Rebuilt) => void },
  ) => Promise<Rebuilt>;
  readonly close: () => Promise<void>;
}

export type { Damage, Rebuilt } from '@keyserver/export/rebuild';

/** Opens what makes the files of exports anew; the caller closes it. It is the export service's own code, loaded only here. */
export async function openRebuild(
  opened: OpenWhole,
  options: Machine & {
    readonly exportRetentionHours: number;
    readonly keyRetentionHours: number;
    readonly indexMaxAgeSeconds: number;
  },
): Promise<FileRebuild> {
  const { findDamage, rebuildDeps, rebuildFiles } = await import('@keyserver/export/rebuild');
  const { clock, timers, random } = options;
  const { close, ...signers } = await opened.openSigners();
  const deps = rebuildDeps({
    ...{ ...opened, ...signers },
    ...{ clock, timers, random },
    retentionMs: options.exportRetentionHours * HOUR,
    keyRetentionMs: options.keyRetentionHours * HOUR,
    indexMaxAgeSeconds: options.indexMaxAgeSeconds,
  });
  const { signal } = new AbortController();
  return {
    find: async (looked) => await findDamage(deps, signal, looked),
    mend: async (damage, by) => await rebuildFiles(deps, damage, { ...by, signal }),
    close,
  };
}

/** One call of a partner, with what it is made of. */
export interface PartnerCall {
  readonly query: FederationQuery;
  readonly request: Uint8Array;
  readonly deadlineMs: number;
  /** The issuer of this machine's tokens. */
  readonly issuer: string;
  /** Certificates (PEM) that are trusted besides. */
  readonly extraRootFile: string | undefined;
  readonly plaintextLoopback: boolean;
  /** The project of Google Cloud whose credentials we have; undefined on one machine. */
  readonly project: string | undefined;
}

/**
 * Calls a partner once, by the service's own client, loaded only here. Throws a CommandFault when there is no call, since a file of
 * roots or a token is missing.
 */
export async function callPartner(
  opened: OpenStore,
  { clock, timers }: Machine,
  call: PartnerCall,
): Promise<
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'failed';
      readonly problem: PullProblem;
      readonly status: string;
      readonly said: string;
    }
> {
  const { ACCOUNT, PartnerFault, partnerClients, readRoots } =
    await import('@keyserver/federation-pull/partner-client');
  const { query, request, deadlineMs, extraRootFile, plaintextLoopback, issuer, project } = call;
  const extraRoots = extraRootFile === undefined ? undefined : await readRoots(extraRootFile);
  if (extraRootFile !== undefined && extraRoots === undefined)
    throw new CommandFault(`${extraRootFile} is no PEM file of certificates that can be read`);
  const idTokenFor = async (audience: string): Promise<string> => {
    const mint = opened.issuerTokens?.(issuer);
    if (mint !== undefined) return await mint({ audience, email: ACCOUNT });
    const { outgoingTokens } = await import('@keyserver/cloud-identity');
    return await outgoingTokens({ projectId: project ?? '', clock, timers })(audience);
  };
  const client = partnerClients({ idTokenFor, extraRoots, plaintextLoopback, timers })();
  try {
    const { signal } = new AbortController();
    const fetched = await client.fetch(query, request, { deadlineMs, signal });
    if (fetched.kind === 'answer') return fetched;
    const { problem, fault } = fetched;
    if (!(fault instanceof PartnerFault))
      throw new CommandFault(`no call was made, without a token of our own: ${sentenceOf(fault)}`);
    return { kind: 'failed', problem, status: fault.status, said: fault.said };
  } finally {
    client.close();
  }
}
