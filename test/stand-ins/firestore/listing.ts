import type { DocumentMessage, ListDocumentsAnswer } from './answers.ts';
import { collectionBelow } from './document-name.ts';
import type { Documents } from './documents.ts';
import { messageOf } from './reads.ts';
import type { ListCollectionIdsRequest, ListDocumentsRequest } from './requests.ts';
import { textKey } from './value-key.ts';

const USUAL_PAGE = 300;

/** A page of a collection by id; on request also the documents that exist only as parents of others. */
export function listDocuments(
  documents: Documents,
  request: ListDocumentsRequest,
): ListDocumentsAnswer {
  const collection = collectionBelow(request.parent, request.collectionId);
  const names = new Set(documents.collection(collection).names());
  if (request.showMissing)
    for (const below of documents.namesBelow(`${collection}/`))
      names.add(`${collection}/${firstSegment(below, collection)}`);
  const size = request.pageSize > 0 ? request.pageSize : USUAL_PAGE;
  const sorted = [...names]
    .filter((name) => request.pageToken === '' || textKey(name) > textKey(request.pageToken))
    .sort((a, b) => (textKey(a) < textKey(b) ? -1 : 1));
  const page = sorted.slice(0, size);
  return {
    documents: page.map((name): DocumentMessage => {
      const version = documents.collection(collection).get(firstSegment(name, collection));
      return version === undefined ? { name } : messageOf(version, request.mask?.fieldPaths);
    }),
    nextPageToken: sorted.length > size ? (page.at(-1) ?? '') : '',
  };
}

/** The ids of the collections below a document or the root. */
export function listCollectionIds(
  documents: Documents,
  { parent }: ListCollectionIdsRequest,
): { collectionIds: readonly string[] } {
  const ids = documents.namesBelow(`${parent}/`).map((name) => firstSegment(name, parent));
  return { collectionIds: [...new Set(ids)].sort((a, b) => (textKey(a) < textKey(b) ? -1 : 1)) };
}

const firstSegment = (name: string, parent: string): string =>
  name.slice(parent.length + 1).split('/')[0] ?? '';
