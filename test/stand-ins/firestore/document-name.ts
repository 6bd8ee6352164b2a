import { Refusal } from '../grpc/refusal.ts';

/** Where a document lies: its collection, by the full name, and its id within. */
export interface Place {
  readonly name: string;
  readonly collection: string;
  readonly id: string;
}

const BELOW_DATABASE = /^(projects\/[^/]+\/databases\/[^/]+)\/documents(?:\/(.*))?$/;
const MAX_NAME_BYTES = 6144;
const MAX_ID_BYTES = 1500;

const isId = (id: string): boolean =>
  id !== '' &&
  id !== '.' &&
  id !== '..' &&
  Buffer.byteLength(id) <= MAX_ID_BYTES &&
  !/^__.*__$/s.test(id);

function segmentsBelow(name: string): readonly string[] {
  const found = BELOW_DATABASE.exec(name);
  const below = found?.[2];
  const segments = below === undefined ? [] : below.split('/');
  if (found === null || !segments.every(isId) || Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new Refusal('INVALID_ARGUMENT', `The name "${name.slice(0, 200)}" is not valid.`);
  return segments;
}

/** Reads the full name of a document. */
export function placeOf(name: string): Place {
  const segments = segmentsBelow(name);
  const id = segments.at(-1);
  if (id === undefined || segments.length % 2 !== 0)
    throw new Refusal('INVALID_ARGUMENT', `Document name "${name}" lacks a collection or an id.`);
  return { name, collection: name.slice(0, -(id.length + 1)), id };
}

/** Reads the full name of a document that must lie in the database of the request. */
export function placeWithin(database: string, name: string): Place {
  const place = placeOf(name);
  if (!name.startsWith(`${database}/documents/`))
    throw new Refusal('INVALID_ARGUMENT', `Document "${name}" is not in database "${database}".`);
  return place;
}

/** The full name of a collection below a document, or below the root of a database. */
export function collectionBelow(parent: string, collectionId: string): string {
  if (segmentsBelow(parent).length % 2 !== 0 || !isId(collectionId) || collectionId.includes('/'))
    throw new Refusal('INVALID_ARGUMENT', `No collection "${collectionId}" can be below it.`);
  return `${parent}/${collectionId}`;
}

/** The id of a collection, which its indexes are declared for. */
export const collectionId = (collection: string): string =>
  collection.slice(collection.lastIndexOf('/') + 1);
