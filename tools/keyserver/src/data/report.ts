import type { Difference, Manifest } from '@keyserver/data-transfer';
import { CommandFault, FOUND } from '../command-fault.ts';
import type { Tell } from '../progress.ts';
import { counted, table } from '../render.ts';
import type { Terminal } from '../terminal.ts';

/** What everybody must know who has these files. */
export const SECRECY =
  'The files hold keys that are NOT PUBLISHED YET, and who uploaded together: keep them to yourself, and delete them after the move.';

/** Hears how many documents of a collection were written, and read to be compared. */
interface HearDocuments {
  readonly wrote: (collection: string, documents: number) => void;
  readonly read: (collection: string, documents: number) => void;
}

/** Tells it as the progress of a command. */
export const tellDocuments = (tell: Tell): HearDocuments => ({
  wrote: (collection, documents) => {
    tell(`${collection}: ${counted(documents, 'document')} written`);
  },
  read: (collection, documents) => {
    tell(`${collection}: ${counted(documents, 'document')} read for comparison`);
  },
});

/** What an export holds, a line for each collection. */
export const renderManifest = ({ collections }: Manifest): string =>
  table(
    ['COLLECTION', 'DOCUMENTS', 'BYTES', 'DIGEST'],
    collections.map(({ name, documents, bytes, digest }) => [
      name,
      String(documents),
      String(bytes),
      digest,
    ]),
  );

/** How many documents an export holds, in words. */
export const documentsOf = ({ collections }: Manifest): string =>
  counted(
    collections.reduce((sum, { documents }) => sum + documents, 0),
    'document',
  );

/** Names every collection that differs, and gives the failure that ends the command. */
export function differing(
  differences: readonly Difference[],
  { err }: Terminal,
  sentence: string,
): CommandFault {
  for (const { collection, exported, stored } of differences)
    err(
      exported.documents === stored.documents
        ? `  ${collection}: ${counted(stored.documents, 'document')} in both, with other contents or ids\n`
        : `  ${collection}: ${counted(exported.documents, 'document')} in the export, ${stored.documents} in the store\n`,
    );
  return new CommandFault(sentence, FOUND);
}
