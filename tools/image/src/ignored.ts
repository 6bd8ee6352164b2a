import { matchesGlob } from 'node:path';

/**
 * What a .dockerignore keeps out of the context: gives a test of paths from its root. A pattern stands for what is below it as well
 * (https://docs.docker.com/build/concepts/context/#syntax). Throws an Error for exceptions (`!`), which are not used here.
 */
export function parseIgnored(text: string): (path: string) => boolean {
  const patterns = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const exception = patterns.find((pattern) => pattern.startsWith('!'));
  if (exception !== undefined) throw new Error(`.dockerignore may have no exception: ${exception}`);
  return (path) => {
    const parts = path.split('/');
    return parts.some((_, index) => {
      const above = parts.slice(0, index + 1).join('/');
      return patterns.some((pattern) => matchesGlob(above, pattern));
    });
  };
}
