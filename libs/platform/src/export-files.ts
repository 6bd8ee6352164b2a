import { type CloudPlatformChoice, endpointOf } from '@keyserver/config';
import type { FindSigner, OpenBucket, TrySigner } from '@keyserver/export-file';
import type { TimeAndChance } from '@keyserver/service';
import { type Beside, nothingHeld } from './beside.ts';

/** Where files are put, and what signs them. */
export interface ExportFiles {
  readonly openBucket: OpenBucket;
  readonly findSigner: FindSigner;
  readonly trySigner: TrySigner;
  /**
   * Rejects with a sentence for the operator when a bucket is not there or may not be used. Only where buckets are made by
   * somebody else, as on Google Cloud.
   */
  readonly checkBucket?: (bucket: string) => Promise<void>;
}

/** Where files are, for whoever signs none. */
export type Buckets = Pick<ExportFiles, 'openBucket'>;

/** Folders on one machine, Cloud Storage on Google Cloud. */
export const fileBuckets = (config: Pick<FileSettings, 'STORAGE_ENDPOINT'>): Beside<Buckets> => ({
  onMachine: async ({ openBucket }) => await Promise.resolve({ openBucket }),
  onCloud: async (cloud, machine) => ({
    used: await cloudBuckets(config, cloud, machine),
    close: nothingHeld,
  }),
});

async function cloudBuckets(
  { STORAGE_ENDPOINT }: Pick<FileSettings, 'STORAGE_ENDPOINT'>,
  { project: projectId }: CloudPlatformChoice,
  { random, timers }: TimeAndChance,
): Promise<Required<Pick<ExportFiles, 'openBucket' | 'checkBucket'>>> {
  const { openCloudBuckets } = await import('@keyserver/cloud-storage');
  const standIn = endpointOf(STORAGE_ENDPOINT);
  const { openBucket, check: checkBucket } = openCloudBuckets({
    ...{ projectId, random, timers },
    ...(standIn === undefined ? {} : { apiEndpoint: `http://${standIn}` }),
  });
  return { openBucket, checkBucket };
}

/** The settings of stand-ins, as `fileVariables` declares them; empty reaches Google's own. */
interface FileSettings {
  readonly STORAGE_ENDPOINT: string;
  readonly KMS_ENDPOINT: string;
}

/** Folders and key files on one machine, Cloud Storage and Cloud KMS on Google Cloud. */
export const exportFiles = (config: FileSettings): Beside<ExportFiles> => ({
  onMachine: async ({ openBucket, findSigner, trySigner }) =>
    await Promise.resolve({ openBucket, findSigner, trySigner }),
  onCloud: async (cloud, machine) => {
    const [buckets, { openKms }] = await Promise.all([
      cloudBuckets(config, cloud, machine),
      import('@keyserver/cloud-kms'),
    ]);
    const { random, timers } = machine;
    const kms = await openKms({ endpoint: endpointOf(config.KMS_ENDPOINT), random, timers });
    const { findSigner, trySigner, close } = kms;
    return { used: { ...buckets, findSigner, trySigner }, close };
  },
});
