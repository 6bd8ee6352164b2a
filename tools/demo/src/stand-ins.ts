import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SimulatedClock } from '@keyserver/time';

/** Where the stand-ins for Google's servers answer, and the names of the signing keys that they were given. */
export interface StandIns {
  readonly firestore: string;
  readonly storage: string;
  readonly kms: string;
  readonly signingKeys: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

const SCRIPT = new URL(import.meta.resolve('@keyserver/stand-ins/in-thread'));

/** Starts the stand-ins of the tests in a thread of their own, in the time of the round. */
export async function startStandIns(of: {
  readonly clock: SimulatedClock;
  readonly buckets: readonly string[];
  readonly signingKeys: readonly string[];
}): Promise<StandIns> {
  const { clock, buckets, signingKeys } = of;
  const worker = new Worker(SCRIPT, {
    workerData: { clock: clock.memory, buckets, signingKeys },
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
  });
  const addresses: unknown = (await once(worker, 'message'))[0];
  if (!isAddresses(addresses)) throw new Error('the stand-ins did not say where they are');
  const close = async (): Promise<void> => {
    await worker.terminate();
  };
  return { ...addresses, close };
}

function isAddresses(value: unknown): value is Omit<StandIns, 'close'> {
  return typeof value === 'object' && value !== null && 'kms' in value && 'signingKeys' in value;
}
