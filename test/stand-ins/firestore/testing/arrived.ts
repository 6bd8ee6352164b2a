import type { FirestoreStandIn } from '../start-firestore.ts';

/** Waits until a method was called so often. */
export async function arrived(
  { faults }: FirestoreStandIn,
  method: string,
  times: number,
): Promise<void> {
  while (faults.calls(method) < times) await new Promise((resolve) => setImmediate(resolve));
}
