import { StoreFault } from '@keyserver/docstore';

const MAX_ID_BYTES = 1500;

/** Names of one database and what is in it. */
export class Names {
  readonly database: string;
  readonly documents: string;

  constructor(projectId: string, databaseId: string) {
    this.database = `projects/${projectId}/databases/${databaseId}`;
    this.documents = `${this.database}/documents`;
  }

  /** The name of a document; undefined when no document can have such an id. */
  find(collection: string, id: string): string | undefined {
    return isId(id) ? `${this.documents}/${collection}/${id}` : undefined;
  }

  /** The name of a document to be written, or after which a query goes on. */
  of(collection: string, id: string): string {
    const name = this.find(collection, id);
    if (name === undefined)
      throw new StoreFault('refused', `no document of ${collection} can have such an id`);
    return name;
  }
}

// https://firebase.google.com/docs/firestore/quotas: a slash would name something else, and lone surrogates would be changed.
const isId = (id: string): boolean =>
  id !== '' &&
  id !== '.' &&
  id !== '..' &&
  !id.includes('/') &&
  !/^__.*__$/s.test(id) &&
  Buffer.byteLength(id) <= MAX_ID_BYTES &&
  Buffer.from(id).toString() === id;
