import { Refusal } from '../grpc/refusal.ts';
import type { Fields, Value } from './value.ts';

/** The path of a field, one name per level of maps. */
export type FieldPath = readonly string[];

/** The name by which filters and orders speak of the document itself. */
export const NAME = '__name__';

const SEGMENT = /(?:`((?:[^`\\]|\\.)+)`|([a-zA-Z_][a-zA-Z_0-9]*))(\.|$)/y;

/** Reads a field path as it travels: names with a dot between, in back-ticks where they are not plain. */
export function parseFieldPath(path: string): FieldPath {
  const names: string[] = [];
  const segment = new RegExp(SEGMENT);
  let dotted = true;
  while (dotted) {
    const found = segment.exec(path);
    if (found === null) throw new Refusal('INVALID_ARGUMENT', `Field path "${path}" is not valid.`);
    const [, quoted, plain = '', rest] = found;
    names.push(quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, '$1'));
    dotted = rest === '.';
  }
  return names;
}

const own = (fields: Fields, name: string): Value | undefined =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;

const fieldsOf = (value: Value | undefined): Fields =>
  value?.valueType === 'mapValue' ? value.mapValue.fields : {};

/** The value at a path, if the document has it. */
export function fieldAt(fields: Fields, path: FieldPath): Value | undefined {
  const [name, ...below] = path;
  if (name === undefined) return undefined;
  const value = own(fields, name);
  return below.length === 0 ? value : fieldAt(fieldsOf(value), below);
}

/** The fields with a value put at a path, or taken away from it. */
export function withField(fields: Fields, path: FieldPath, value: Value | undefined): Fields {
  const [name, ...below] = path;
  if (name === undefined) return fields;
  const { [name]: old, ...others } = fields;
  if (below.length === 0) return value === undefined ? others : { ...fields, [name]: value };
  if (value === undefined && old?.valueType !== 'mapValue') return fields;
  const inner = withField(fieldsOf(old), below, value);
  return { ...fields, [name]: { valueType: 'mapValue', mapValue: { fields: inner } } };
}

/** The fields that a mask names, or all. */
export function masked(fields: Fields, paths: readonly string[] | undefined): Fields {
  if (paths === undefined) return fields;
  const wanted = paths.filter((path) => path !== NAME).map(parseFieldPath);
  return wanted.reduce<Fields>((kept, path) => {
    const value = fieldAt(fields, path);
    return value === undefined ? kept : withField(kept, path, value);
  }, {});
}
