import { Ajv, type ErrorObject, type SchemaObject, type ValidateFunction } from 'ajv';
import type { DataValidateFunction } from 'ajv/dist/types/index.js';
import type { Problem } from './configuration.ts';
import { GRAMMARS, type Grammar, type GrammarName } from './grammar.ts';

/** What became of one entry of the file. */
type Checked<T> =
  | { readonly kind: 'entry'; readonly entry: T }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Reads a value of the file: its texts turned into what they stand for, or every problem in it. */
export type EntryCheck<T> = (value: unknown, path: string) => Checked<T>;

const ajv = new Ajv({ allErrors: true, useDefaults: true });

// Reads a text where it stands: once the schema has passed, the value is the one that the grammar gives.
ajv.addKeyword({
  keyword: 'grammar',
  type: 'string',
  modifying: true,
  errors: true,
  compile: (name: GrammarName) => readerOf(GRAMMARS[name]),
});

function readerOf(grammar: Grammar): DataValidateFunction {
  const read: DataValidateFunction = (text: string, at) => {
    const value = grammar.parse(text);
    if (value === undefined || at === undefined) {
      read.errors = [{ keyword: 'grammar', message: `must be ${grammar.allowed}` }];
      return false;
    }
    Reflect.set(at.parentData, at.parentDataProperty, value);
    return true;
  };
  return read;
}

/** The check that a schema describes; it reads the value in place, so each value is given to it once. */
export function checkOf<T>(schema: SchemaObject): EntryCheck<T> {
  const validate: ValidateFunction<T> = ajv.compile<T>(schema);
  return (value, path) =>
    validate(value)
      ? { kind: 'entry', entry: value }
      : { kind: 'refused', problems: (validate.errors ?? []).map((e) => problemOf(e, path)) };
}

const TYPE_NAME: Readonly<Record<string, string>> = {
  string: 'text (in quotes, if it looks like a number or a word such as true)',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of fields',
};

function problemOf(error: ErrorObject, root: string): Problem {
  const path = error.instancePath.split('/').slice(1).reduce(step, root);
  const named = (name: unknown, message: string): Problem => ({
    path: step(path, String(name)),
    message,
  });
  switch (error.keyword) {
    case 'required':
      return named(error.params['missingProperty'], 'is missing');
    case 'additionalProperties':
      return named(error.params['additionalProperty'], 'is not a known field');
    case 'type':
      return { path, message: `must be ${TYPE_NAME[String(error.params['type'])] ?? 'different'}` };
    default:
      return { path, message: error.message ?? 'is not allowed' };
  }
}

function step(path: string, name: string): string {
  if (/^\d+$/.test(name)) return `${path}[${name}]`;
  return path === '' ? name : `${path}.${name}`;
}
