import { parseDocument } from 'yaml';
import { checkConfiguration } from './check-configuration.ts';
import { type Configuration, type Problem, inOrder } from './configuration.ts';
import { wholeFile } from './configuration-schema.ts';
import { placeEntries } from './placed-entries.ts';

/** A configuration file as read, or everything that is wrong with it. */
export type ParsedConfiguration =
  | { readonly kind: 'configuration'; readonly value: Configuration }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

const MAX_CHARACTERS = 2_000_000;

/** Reads a configuration file (YAML); refuses it with every problem found, each with its path. */
export function parseConfiguration(text: string): ParsedConfiguration {
  if (text.length > MAX_CHARACTERS)
    return refused(`the file is longer than ${MAX_CHARACTERS} characters`);
  const document = parseDocument(text);
  if (document.errors.length > 0)
    return refused(...document.errors.map(({ message }) => firstLine(message)));
  const file = plainValue(() => document.toJS());
  return file === undefined
    ? refused('the file has an alias without its anchor, or too many aliases')
    : readFile(file.value);
}

const refused = (...messages: readonly string[]): ParsedConfiguration => ({
  kind: 'refused',
  problems: messages.map((message) => ({ path: '', message })),
});

const firstLine = (message: string): string => message.replace(/:?\n[^]*$/, '');

// Written out and read again, so that two aliases of one list become two lists.
function plainValue(resolve: () => unknown): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(JSON.stringify(resolve())) };
  } catch {
    return undefined;
  }
}

function readFile(file: unknown): ParsedConfiguration {
  const problems: Problem[] = [];
  const whole = wholeFile(file, '');
  if (whole.kind === 'refused') problems.push(...whole.problems);
  const placed = placeEntries(file, problems);
  problems.push(...checkConfiguration(placed));
  if (problems.length > 0) return { kind: 'refused', problems };
  return {
    kind: 'configuration',
    value: inOrder({
      authorities: placed.authorities.map(({ entry }) => entry),
      apps: placed.apps.map(({ entry }) => entry),
      signingKeys: placed.signingKeys.map(({ entry }) => entry),
      exports: placed.exports.map(({ entry }) => entry),
    }),
  };
}
