import { parseAppId } from '@keyserver/health-authority';

/**
 * The document id of an app id. Those of package names are themselves, as they were before any other text was taken. In
 * others each byte that is no letter, digit, dot, hyphen or underscore is written as %XX, and so is a first byte that is
 * neither letter nor digit: a document may not be called "..", "__x__" or "a/b", nor be over 1500 bytes
 * (https://firebase.google.com/docs/firestore/quotas). Two app ids never have the same one, since % itself is written so.
 */
export const appDocumentId = (id: string): string =>
  [...Buffer.from(id)]
    .map((byte, n) => {
      const character = String.fromCharCode(byte);
      const plain = n === 0 ? /[a-z0-9]/ : /[a-z0-9._-]/;
      return plain.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');

/** The app id of a document id. A document with an id of another kind is a fault: it could not be found again to be removed. */
export function appIdOf(documentId: string): string {
  const id = parseAppId(decoded(documentId));
  if (id === undefined || appDocumentId(id) !== documentId)
    throw new Error(`a stored app has the document id ${JSON.stringify(documentId)}`);
  return id;
}

function decoded(documentId: string): string {
  try {
    return decodeURIComponent(documentId);
  } catch {
    return '';
  }
}
