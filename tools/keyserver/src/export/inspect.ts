import { type ExportSummary, inspectExport } from '@keyserver/export-file';
import type { Timers } from '@keyserver/time';
import type { Command } from 'commander';
import { CommandFault, FOUND } from '../command-fault.ts';
import { exampleOf } from '../options.ts';
import { jsonText, printable, table, timeText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { loadArchive } from './sources.ts';

interface InspectOptions {
  readonly json?: true;
}

/** `export inspect`: what an archive holds, in figures, without judging it. */
export function addExportInspect(group: Command, { terminal, timers }: CommandContext): void {
  group
    .command('inspect')
    .description('Show what an archive holds, in figures and without judging it.')
    .argument('<file-or-url>', 'an archive (.zip)')
    .option('--json', 'print JSON')
    .addHelpText('after', exampleOf('export inspect 1700000000-1700014400-00001.zip'))
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

const BAR = 40;

/** An archive's figures as people read them, with a histogram of the days that its keys start on. */
const renderSummary = (summary: ExportSummary): string =>
  [
    `region       ${printable(summary.region)}\n`,
    `window       ${timeText(summary.start)} to ${timeText(summary.end)}\n`,
    `export.bin   ${summary.bytes} bytes, sha256 ${summary.digest}\n`,
    ...summary.signers.map(
      ({ keyId, keyVersion, algorithm }) =>
        `signed by    key ${printable(keyId)}, version ${printable(keyVersion)}, algorithm ${printable(algorithm)}\n`,
    ),
    '\n',
    table(['REPORT TYPE', 'KEYS', 'REVISED'], typeRows(summary)),
    '\n',
    histogram(summary.startDays),
  ].join('');

function typeRows({ keys, revisedKeys }: ExportSummary): readonly (readonly string[])[] {
  const types = [...new Set([...Object.keys(keys), ...Object.keys(revisedKeys)])].sort();
  const row = (type: string): readonly string[] => [
    type.toLowerCase(),
    String(keys[type] ?? 0),
    String(revisedKeys[type] ?? 0),
  ];
  const total = (counts: Readonly<Record<string, number>>): string =>
    String(Object.values(counts).reduce((sum, n) => sum + n, 0));
  return [...types.map(row), ['total', total(keys), total(revisedKeys)]];
}

function histogram(days: ExportSummary['startDays']): string {
  const rows = days.map(({ day, keys, revisedKeys }) => ({ day, count: keys + revisedKeys }));
  const most = rows.reduce((max, { count }) => Math.max(max, count), 1);
  return table(
    ['FIRST DAY', 'KEYS', ''],
    rows.map(({ day, count }) => [day, String(count), '#'.repeat(Math.ceil((count / most) * BAR))]),
  );
}
