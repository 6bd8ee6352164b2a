import type { Command } from 'commander';
import { addDataExport } from './data-export.ts';
import { addDataImport } from './data-import.ts';
import { addDataVerify } from './data-verify.ts';
import type { Surroundings } from '../surroundings.ts';

/** The commands that move a deployment's data from one store to another. */
export function addDataCommands(program: Command, around: Surroundings): void {
  const data = program
    .command('data')
    .description('Move all data of a server to another machine or platform.')
    .addHelpText(
      'after',
      '\nExample:\n  $ keyserver data export --data-dir /var/lib/keyserver --to /root/move',
    );
  addDataExport(data, around);
  addDataImport(data, around);
  addDataVerify(data, around);
}
