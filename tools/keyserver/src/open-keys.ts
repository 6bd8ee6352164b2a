import type { SigningPlatform } from '@keyserver/configuration';
import type { StoreFlags } from './open-store.ts';
import type { Machine } from './terminal.ts';
import { type OpenStore, openCloudKeys } from './wiring.ts';

/** Where signing keys of the cloud are tried out. */
export interface KeyFlags {
  readonly kmsEndpoint?: string;
}

/**
 * Lets signing keys be used where they are kept: beside the store on one machine, in Cloud KMS otherwise; an emulator of
 * Firestore has none beside it.
 */
export async function withKeys(
  { signing }: OpenStore,
  { project, endpoint, kmsEndpoint }: StoreFlags & KeyFlags,
  machine: Machine,
  work: (signing: SigningPlatform | undefined) => Promise<void>,
): Promise<void> {
  if (project === undefined || (endpoint !== undefined && kmsEndpoint === undefined)) {
    await work(signing);
    return;
  }
  const keys = await openCloudKeys(kmsEndpoint, machine);
  try {
    await work(keys);
  } finally {
    await keys.close();
  }
}
