import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StorePart } from '@keyserver/docstore';
import type { Grants, OpenPatient, PatientJobs, PatientMachine } from '@keyserver/doctor';
import { JWKS_PATH, diskSpace, exposedKeyFiles, openLocalPlatform } from '@keyserver/local';
import { bucketParts } from '@keyserver/stores';
import { CommandFault } from '../command-fault.ts';
import type { Machine } from '../terminal.ts';

/** A server that is open for the doctor, who closes it. */
export interface OpenedPatient extends OpenPatient {
  readonly close: () => Promise<void>;
}

/** What the data keys of revision tokens are wrapped with on one machine. */
const LOCAL_TOKEN_KEY = 'revision-token';

/** Opens the server of a data directory, also when it lacks commits. */
export async function openLocalPatient(
  dataDirectory: string,
  { clock, timers, random }: Machine,
): Promise<OpenedPatient> {
  const local = await openLocalPlatform({
    ...{ dataDirectory, clock, timers, random },
    databaseMayBeOlder: true,
  });
  const { store, openBucket, findSigner, trySigner, keysPart } = local;
  return {
    ...{ place: dataDirectory, store, openBucket, missingCommits: local.missingCommits },
    clockDoubt: async () => (await store.timeReport()).doubt,
    parts: async () => [keysPart, ...(await bucketParts(store, openBucket))],
    checkBucket: async () => {
      await Promise.resolve(); // a directory is tried by writing to it
    },
    signers: async () => await Promise.resolve({ findSigner, trySigner }),
    wrapper: async () => await Promise.resolve(local.wrapperFor(LOCAL_TOKEN_KEY)),
    close: local.close,
  };
}

/** What the doctor asks of the machine itself. */
export const machineOf = (dataDirectory: string): PatientMachine => ({
  disk: async () => await diskSpace(dataDirectory),
  exposedFiles: async () => await exposedKeyFiles(dataDirectory),
  nodeVersion: process.versions.node,
});

/** Where the issuer of one machine shows its public keys. */
export const localJwksUrl = (port: number): string => `http://127.0.0.1:${port}${JWKS_PATH}`;

/** Where a server on Google Cloud is, and what stands in for it. */
export interface CloudPlace {
  readonly project: string;
  readonly database: string | undefined;
  readonly endpoint: string | undefined;
  readonly storageEndpoint: string | undefined;
  readonly kmsEndpoint: string | undefined;
  /** Asked when it is needed: the full name of the key that wraps data keys, empty where it is not told. */
  readonly tokenKey: () => string;
}

/** Opens a server on Google Cloud, and what tells of its grants. The clients are loaded only here, as that takes its time. */
export async function openCloudPatient(
  place: CloudPlace,
  machine: Machine,
): Promise<OpenedPatient & { readonly grants: Grants }> {
  const { clock, timers, random } = machine;
  const { project, database, endpoint, storageEndpoint } = place;
  const [{ openCloudBuckets }, { openFirestoreStore }] = await Promise.all([
    import('@keyserver/cloud-storage'),
    import('@keyserver/firestore'),
  ]);
  const at = storageEndpoint === undefined ? {} : { apiEndpoint: `http://${storageEndpoint}` };
  const buckets = openCloudBuckets({ projectId: project, timers, random, ...at });
  const store = await openFirestoreStore({
    ...{ projectId: project, clock, timers, random },
    ...(database === undefined ? {} : { databaseId: database }),
    ...(endpoint === undefined ? {} : { emulatorHost: endpoint }),
  });
  const keys = remembered(async () => {
    const { openKms } = await import('@keyserver/cloud-kms');
    return await openKms({ endpoint: place.kmsEndpoint, timers, random });
  });
  return {
    place: `project ${project}, database ${database ?? '(default)'}`,
    ...{ store, openBucket: buckets.openBucket, missingCommits: 0 },
    parts: async (): Promise<readonly StorePart[]> => await bucketParts(store, buckets.openBucket),
    checkBucket: buckets.check,
    signers: keys.get,
    wrapper: async () => {
      const name = place.tokenKey();
      return name === '' ? undefined : (await keys.get()).wrapperFor(name);
    },
    grants: {
      ofBucket: buckets.grantsOf,
      ofKey: async (key) => await (await keys.get()).grantsOf(key),
    },
    close: async () => {
      await Promise.all([store.close(), keys.close()]);
    },
  };
}

/** Jobs of Cloud Scheduler: where, and how their ids begin. */
export interface JobsPlace {
  readonly project: string;
  readonly location: string;
  /** host:port of a stand-in on this machine. */
  readonly schedulerEndpoint: string | undefined;
  readonly prefix: string;
  readonly urls: PatientJobs['urls'];
  readonly command: string;
}

/** Opens the jobs of a cloud when they are first asked for. */
export function openCloudJobs(
  place: JobsPlace,
  { timers }: Machine,
): { readonly jobs: PatientJobs; readonly close: () => Promise<void> } {
  const { project: projectId, location, prefix, urls, command } = place;
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(place.schedulerEndpoint ?? '') ?? [];
  const at = host === '' ? {} : { servicePath: host, port: Number(port), insecure: true };
  const opened = remembered(async () => {
    const { openScheduler } = await import('@keyserver/cloud-scheduler');
    return openScheduler({ projectId, location, timers, ...at });
  });
  const list = remembered(async () => await (await opened.get()).list());
  return { jobs: { list: list.get, prefix, urls, command }, close: opened.close };
}

/** What is made when it is first asked for, once; closed only if it was made. */
export function remembered<T>(make: () => Promise<T>): {
  readonly get: () => Promise<T>;
  readonly close: () => Promise<void>;
} {
  let made: Promise<T> | undefined;
  return {
    get: async () => await (made ??= make()),
    close: async () => {
      const value = await made?.catch(ignoreUnmade);
      if (isClosable(value)) await value.close();
    },
  };
}

// What could not be made need not be closed.
const ignoreUnmade = (): undefined => undefined;

const isClosable = (value: unknown): value is { readonly close: () => Promise<void> } =>
  typeof value === 'object' && value !== null && 'close' in value;

/** The content of the certificate files that services are given. */
export async function certificateFiles(path: string): Promise<ReadonlyMap<string, string>> {
  if (path === '') return new Map();
  try {
    return new Map([[path, await readFile(join(path), 'utf8')]]);
  } catch (error) {
    throw new CommandFault(`${path} cannot be read`, undefined, { cause: error });
  }
}
