import type { Command } from 'commander';
import { addExportInspect } from './export-inspect.ts';
import { addExportVerify } from './export-verify.ts';
import type { Surroundings } from '../surroundings.ts';

/** The commands about the files that phones download. */
export function addExportCommands(program: Command, around: Surroundings): void {
  const group = program
    .command('export')
    .description('Check and look into the files that phones download.')
    .addHelpText(
      'after',
      '\nExample:\n  $ keyserver export verify http://127.0.0.1:8082/exports/v1/index.txt',
    );
  addExportVerify(group, around);
  addExportInspect(group, around);
}
