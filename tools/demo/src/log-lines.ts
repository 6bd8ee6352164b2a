import { problemLine } from '@keyserver/launcher';
import { type Check, check } from './checks.ts';
import type { Ledger } from './ledger.ts';

/** Whatever a service thought worth a warning, except callers that it had to refuse. */
export function problemsLogged(log: readonly string[]): Check {
  const problems = log
    .map(problemLine)
    .filter((line) => line !== undefined)
    .filter((line) => !line.includes(' caller.refused '));
  return check('problems in the logs', { expected: 0, found: problems.length }, problems);
}

/** Keys that can be read in the logs, in either spelling. */
export function keysLogged(log: readonly string[], { promised, forbidden }: Ledger): Check {
  const text = log.join('');
  const lowerCased = text.toLowerCase();
  const found = [...promised.keys(), ...forbidden].filter((key) => {
    const hex = Buffer.from(key, 'base64').toString('hex');
    return text.includes(key) || (hex !== '' && lowerCased.includes(hex));
  });
  return check('keys in the logs', { expected: 0, found: found.length });
}

/** How many keys the export service says that it has generated. */
export const paddingLogged = (log: readonly string[]): number =>
  log.map(paddingOf).reduce((sum, padding) => sum + padding, 0);

function paddingOf(line: string): number {
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== 'object' || entry === null) return 0;
  return 'padding' in entry ? Number(entry.padding) : 0;
}
