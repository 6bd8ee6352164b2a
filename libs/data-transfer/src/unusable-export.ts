/** A data export that cannot be used, or a directory that cannot take one; the message is a sentence for the operator. */
export class UnusableExport extends Error {
  override readonly name = 'UnusableExport';
}

/** A refusal, and why, as a sentence for the operator. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: string;
}

export const refused = (reason: string): Refused => ({ kind: 'refused', reason });

/** Runs a step, in which an export that cannot be used is a refusal. */
export async function refusing<T>(step: () => Promise<T>): Promise<T | Refused> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof UnusableExport) return refused(error.message);
    throw error;
  }
}
