import type { Difference, Manifest } from '@keyserver/data-transfer';
import { CommandFault, FOUND } from '../command-fault.ts';
import { counted, table } from '../render.ts';
import type { Terminal } from '../terminal.ts';

/** What everybody must know who has these files. */
export const SECRECY =
  'The files hold keys that are NOT PUBLISHED YET, and who uploaded together: keep them to yourself, and delete them after the move.';

const EVERY = 10_000;

/** A line to the error stream now and then, while a large collection is written. */
export function progressTo({ err }: Terminal): (collection: string, documents: number) => void {
  let told = 0;
  return (collection, documents) => {
    const step = Math.floor(documents / EVERY);
    if (step > 0 && step !== told) err(`  ${collection}: ${documents} documents\n`);
    told = step;
  };
}

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
