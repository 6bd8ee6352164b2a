import { type DocumentOf, collection, int, optional, text } from '@keyserver/docstore';

const fields = {
  collection: text(),
  documents: int(),
  startedAt: int(),
  finishedAt: optional(int()),
  actor: optional(text()),
};

/** How far the import of a data export has come. */
export type DataImport = DocumentOf<typeof fields>;

/**
 * Imports of data exports into this store, by the id of the export: how many documents of which collection are in. Written
 * in the transactions that write those documents, so that it is never ahead of them nor behind.
 */
export const dataImports = collection({ name: 'dataImports', fields });
