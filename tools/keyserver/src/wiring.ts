import type { DocumentStore } from '@keyserver/docstore';
import { openLocalPlatform } from '@keyserver/local';
import type { MendableTime, Scheduler, SigningPlatform } from '@keyserver/operations';
import type { Clock } from '@keyserver/time';

/** A store that a command works on; the command closes it. */
export interface OpenStore {
  readonly store: DocumentStore;
  /** What stored keys are looked up by, where the store's platform keeps it. */
  readonly keyHashSecret?: Uint8Array;
  /** Where its signing keys sign, where the platform keeps them with the store. */
  readonly signing?: SigningPlatform;
  readonly close: () => Promise<void>;
}

/** Opens what a server on one machine keeps in its data directory; the caller closes it. */
export async function openPlatform(
  dataDirectory: string,
  of: { readonly clock: Clock; readonly databaseMayBeNew: boolean },
): Promise<OpenStore> {
  const platform = await openLocalPlatform({ dataDirectory, ...of });
  return { ...platform, signing: platform };
}

/** Opens the signing keys of Cloud KMS; the caller closes them. Google's client is loaded only here, as that takes its time. */
export async function openCloudKeys(
  endpoint: string | undefined,
): Promise<SigningPlatform & { readonly close: () => Promise<void> }> {
  const { openKms } = await import('@keyserver/gcp/kms');
  return await openKms({ endpoint });
}

/** Opens the time of a server on one machine; the caller closes it. */
export async function openStoreTime(
  dataDirectory: string,
  clock: Clock,
): Promise<{ readonly time: MendableTime; readonly close: () => Promise<void> }> {
  const { store, close } = await openLocalPlatform({ dataDirectory, clock });
  return {
    time: {
      report: async () => await store.timeReport(),
      mend: async (as, decide) => await store.mendTime(as, decide),
    },
    close,
  };
}

/** Opens a Firestore database; the caller closes it. Google's client is loaded only here, as that takes its time. */
export async function openFirestore(of: {
  readonly project: string;
  readonly database: string | undefined;
  /** An emulator in the place of Google. */
  readonly endpoint: string | undefined;
}): Promise<OpenStore> {
  const { openFirestoreStore } = await import('@keyserver/gcp/firestore');
  const store = await openFirestoreStore({
    projectId: of.project,
    ...(of.database === undefined ? {} : { databaseId: of.database }),
    ...(of.endpoint === undefined ? {} : { emulatorHost: of.endpoint }),
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
export async function openScheduler(of: {
  readonly project: string;
  readonly location: string;
  /** Another address than Google's; on this very machine it is spoken to in plain text. */
  readonly endpoint: Endpoint | undefined;
}): Promise<Scheduler & { readonly close: () => Promise<void> }> {
  const { openScheduler: open } = await import('@keyserver/gcp/scheduler');
  const { project: projectId, location, endpoint } = of;
  const elsewhere =
    endpoint === undefined
      ? {}
      : { servicePath: endpoint.host, port: endpoint.port, insecure: endpoint.onThisMachine };
  return open({ projectId, location, ...elsewhere });
}
