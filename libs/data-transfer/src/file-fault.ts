import { UnusableExport } from './unusable-export.ts';

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
export function sentenceOfFile(path: string): (error: unknown) => never {
  return (error) => {
    const code =
      typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
    const sentence = SENTENCES[code];
    if (sentence === undefined) throw error;
    throw new UnusableExport(`${path} ${sentence}`, { cause: error });
  };
}
