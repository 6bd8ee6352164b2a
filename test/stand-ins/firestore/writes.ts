import { isDeepStrictEqual } from 'node:util';
import type { WriteResult } from './answers.ts';
import type { Version } from './collection.ts';
import { type Place, placeWithin } from './document-name.ts';
import { checkDocument } from './document-size.ts';
import type { Change, Documents } from './documents.ts';
import { fieldAt, parseFieldPath, withField } from './field-path.ts';
import { Refusal } from '../grpc/refusal.ts';
import type { Precondition, Write } from './requests.ts';
import { type Micros, fromTimestamp, toTimestamp } from './store-clock.ts';
import { transformed } from './transforms.ts';
import type { Fields } from './value.ts';
import { storable } from './storable.ts';

/** What the writes of one commit come to. */
export interface Effect {
  readonly changes: readonly Change[];
  readonly results: readonly WriteResult[];
}

/** The document that a write is about. */
export function placeOfWrite(database: string, write: Write): Place {
  const name = write.operation === 'delete' ? write.delete : write.update?.name;
  if (name === undefined)
    throw new Refusal('UNIMPLEMENTED', 'The stand-in updates and deletes documents only.');
  return placeWithin(database, name);
}

/** Works out writes one after another, on the documents as they are; nothing is stored yet. */
export function effectOf(
  documents: Documents,
  database: string,
  writes: readonly Write[],
  at: Micros,
): Effect {
  const touched = new Map<string, { place: Place; after: Version | undefined }>();
  const results = writes.map((write) => {
    const place = placeOfWrite(database, write);
    const earlier = touched.get(place.name);
    const current = earlier === undefined ? documents.get(place) : earlier.after;
    checkPrecondition(place, current, write.currentDocument ?? {});
    const { after, result } = written(place, current, write, at);
    touched.set(place.name, { place, after });
    return result;
  });
  const changes = [...touched.values()]
    .map(({ place, after }) => ({ place, before: documents.get(place), after }))
    .filter(({ before, after }) => before !== after);
  for (const { place, after } of changes)
    if (after !== undefined) checkDocument(place.name, after.fields);
  return { changes, results };
}

function checkPrecondition(
  { name }: Place,
  current: Version | undefined,
  { exists, updateTime }: Precondition,
): void {
  if (exists === true && current === undefined)
    throw new Refusal('NOT_FOUND', `No document to update: ${name}`);
  if (exists === false && current !== undefined)
    throw new Refusal('ALREADY_EXISTS', `Document already exists: ${name}`);
  if (updateTime !== undefined && current?.updateTime !== fromTimestamp(updateTime))
    throw new Refusal(
      'FAILED_PRECONDITION',
      `The stored version of ${name} does not match the required base version.`,
    );
}

function written(
  place: Place,
  current: Version | undefined,
  write: Write,
  at: Micros,
): { after: Version | undefined; result: WriteResult } {
  if (write.operation === 'delete') return { after: undefined, result: { transformResults: [] } };
  const before = current?.fields ?? {};
  const merged = mergedFields(before, storable(write.update?.fields ?? {}), write);
  const { fields, results } = transformed(merged, write.updateTransforms, at);
  const createTime = current?.createTime ?? at;
  const after =
    current !== undefined && isDeepStrictEqual(fields, current.fields)
      ? current // a write that changes nothing leaves the update time alone
      : { place, fields, createTime, updateTime: at, keys: new Map<string, readonly string[]>() };
  return {
    after,
    result: { updateTime: toTimestamp(after.updateTime), transformResults: results },
  };
}

/** What a mask names is replaced, or deleted where the write does not have it; without a mask everything is replaced. */
function mergedFields(before: Fields, given: Fields, write: Write): Fields {
  if (write.updateMask === null) return given;
  return write.updateMask.fieldPaths.reduce((fields, text) => {
    const path = parseFieldPath(text);
    return withField(fields, path, fieldAt(given, path));
  }, before);
}
