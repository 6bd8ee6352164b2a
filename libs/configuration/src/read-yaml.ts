import { parseDocument } from 'yaml';
import type { Problem } from './configuration.ts';

/** What a YAML text holds, as plain values, or everything that is wrong with it. */
type YamlReading =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

const MAX_CHARACTERS = 2_000_000;

/** Reads a YAML text of an operator's; nothing in a problem is text of the file. */
export function readYaml(text: string): YamlReading {
  if (text.length > MAX_CHARACTERS)
    return refused(`the file is longer than ${MAX_CHARACTERS} characters`);
  // Anything else that it has to say would go past us to the terminal, with text of the file in it.
  const document = parseDocument(text, { logLevel: 'error' });
  if (document.errors.length > 0)
    return refused(...document.errors.map(({ message }) => firstLine(message)));
  const file = plainValue(() => document.toJS());
  return file === undefined
    ? refused('the file has an alias without its anchor, or too many aliases')
    : { kind: 'value', value: file.value };
}

const refused = (...messages: readonly string[]): YamlReading => ({
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
