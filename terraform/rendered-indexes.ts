import { firestoreIndexes } from '@keyserver/firestore';
import { allCollections } from '@keyserver/stores';

/** What terraform gives Firestore: the declared indexes of all collections, no others, and what expires by itself. */
export const renderedIndexes = (): string =>
  `${JSON.stringify(firestoreIndexes(allCollections.map(({ layout }) => layout)), null, 2)}\n`;
