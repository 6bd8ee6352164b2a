export {
  NOON,
  type Placed,
  aNewDirectory,
  anyDocuments,
  contentOf,
  put,
  removeScratch,
  someDocuments,
} from './stored-documents.ts';
