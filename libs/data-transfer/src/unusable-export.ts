import { Fault } from '@keyserver/fault';
/** A data export that cannot be used, or a directory that cannot take one; the message is a sentence for the operator. */
export class DataExportFault extends Fault<'unusable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('unusable', message, options);
  }
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
    if (error instanceof DataExportFault) return refused(error.message);
    throw error;
  }
}

const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'is not a directory',
  EEXIST: 'is not a directory',
  EISDIR: 'is a directory',
  EACCES: 'is closed to this user',
  EPERM: 'is closed to this user',
  EROFS: 'lies on a read-only file system',
};

/** Turns the failure of a call on a path into a sentence where the operator can do something about it. */
export function explainFileError(path: string): (error: unknown) => never {
  return (error) => {
    const code =
      typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
    const sentence = SENTENCES[code];
    if (sentence === undefined) throw error;
    throw new DataExportFault(`${path} ${sentence}`, { cause: error });
  };
}
