import { endpointOf } from '@keyserver/config';
import type { FindSigner, OpenBucket, TrySigner } from '@keyserver/export-file';
import type { Beside } from './beside.ts';

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

/** The settings of stand-ins, as `fileVariables` declares them; empty reaches Google's own. */
interface FileSettings {
  readonly STORAGE_ENDPOINT: string;
  readonly KMS_ENDPOINT: string;
}

/** Folders and key files on one machine, Cloud Storage and Cloud KMS on Google Cloud. */
export const exportFiles = (config: FileSettings): Beside<ExportFiles> => ({
  onMachine: async ({ openBucket, findSigner, trySigner }) =>
    await Promise.resolve({ openBucket, findSigner, trySigner }),
  onCloud: async ({ project: projectId }, { random, timers }) => {
    const [{ openCloudBuckets }, { openKms }] = await Promise.all([
      import('@keyserver/cloud-storage'),
      import('@keyserver/cloud-kms'),
    ]);
    const standIn = endpointOf(config.STORAGE_ENDPOINT);
    const { openBucket, check: checkBucket } = openCloudBuckets({
      ...{ projectId, random, timers },
      ...(standIn === undefined ? {} : { apiEndpoint: `http://${standIn}` }),
    });
    const kms = await openKms({ endpoint: endpointOf(config.KMS_ENDPOINT), random, timers });
    const { findSigner, trySigner, close } = kms;
    return { used: { openBucket, checkBucket, findSigner, trySigner }, close };
  },
});
