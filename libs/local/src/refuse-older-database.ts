import { basename } from 'node:path';
import { missingCommits } from '@keyserver/sqlite';
import { DataDirectoryFault } from './unusable-data-directory.ts';

/** How many acknowledged commits a database lacks. It is only read; one that cannot be is refused. */
export function commitsMissingIn(file: string): number {
  try {
    return missingCommits(file);
  } catch (error) {
    throw new DataDirectoryFault(
      `The database ${file} cannot be read: it is damaged, or no database; put a copy back, as docs/runbooks/missing-part.md says.`,
      { cause: error },
    );
  }
}

/** The refusal of a database that lacks commits which were acknowledged, before anything is written to it. */
export const olderDatabase = (file: string, missing: number): DataDirectoryFault =>
  new DataDirectoryFault(
    `The database ${file} lacks its last ${missing} commits: ${basename(file)}-wal is gone, or an older copy was put in its place; nothing was changed; put the newest files back together, or let \`npx keyserver store adopt\` take what is there, as docs/runbooks/missing-part.md says.`,
  );
