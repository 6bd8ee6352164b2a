import type { Documents } from './documents.ts';
import type { Fields, Value } from './value.ts';

/**
 * What the documents of each collection hold, whoever wrote it: a line for each id, name of a field, text and number. Bytes are
 * a line too, each byte as the character of its number.
 */
export function contentsOf(documents: Documents): ReadonlyMap<string, string> {
  const contents = new Map<string, string>();
  for (const name of documents.namesBelow('')) {
    const collection = documents.collection(name);
    const lines = collection.names().flatMap((id) => {
      const version = collection.get(id.slice(id.lastIndexOf('/') + 1));
      return version === undefined ? [] : [id, ...linesOf(version.fields)];
    });
    contents.set(name.slice(name.lastIndexOf('/') + 1), lines.join('\n'));
  }
  return contents;
}

const linesOf = (fields: Fields): readonly string[] =>
  Object.entries(fields).flatMap(([name, value]) => [name, ...valueLines(value)]);

function valueLines(value: Value): readonly string[] {
  if (value.valueType === 'stringValue') return [value.stringValue];
  if (value.valueType === 'bytesValue') return [Buffer.from(value.bytesValue).toString('latin1')];
  if (value.valueType === 'arrayValue') return value.arrayValue.values.flatMap(valueLines);
  if (value.valueType === 'mapValue') return linesOf(value.mapValue.fields);
  return [JSON.stringify(value)];
}
