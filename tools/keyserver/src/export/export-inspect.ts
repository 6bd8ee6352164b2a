import type { Command } from 'commander';
import { type ExportSummary, inspectExport } from '@keyserver/export-file';
import { loadArchive } from './archive-source.ts';
import { FOUND, CommandFault } from '../failure.ts';
import { renderSummary } from './render-summary.ts';
import type { Timers } from '@keyserver/time';
import type { Surroundings } from '../surroundings.ts';
import { jsonText } from '../table.ts';

interface InspectOptions {
  readonly json?: true;
}

/** `export inspect`: what an archive holds, in figures, without judging it. */
export function addExportInspect(group: Command, { terminal, timers }: Surroundings): void {
  group
    .command('inspect')
    .description('Show what an archive holds, in figures and without judging it.')
    .argument('<file-or-url>', 'an archive (.zip)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ keyserver export inspect 1700000000-1700014400-00001.zip',
    )
    .action(async (place: string, options: InspectOptions) => {
      const summary = await read(place, timers);
      terminal.out(options.json === true ? jsonText(summary) : renderSummary(summary));
    });
}

async function read(place: string, timers: Timers): Promise<ExportSummary> {
  const { faults, summary } = await inspectExport(await loadArchive(place, timers));
  if (summary !== undefined) return summary;
  const reasons = faults.map(({ explanation }) => explanation).join('; ');
  throw new CommandFault(`${place} cannot be read: ${reasons}`, FOUND);
}
