import type { ExportSummary } from '@keyserver/export-file';
import { printable } from '../printable.ts';
import { table } from '../table.ts';
import { timeText } from '../time-text.ts';

const BAR = 40;

/** An archive's figures as people read them, with a histogram of the days that its keys start on. */
export const renderSummary = (summary: ExportSummary): string =>
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
  const row = (of: string): readonly string[] => [
    of.toLowerCase(),
    String(keys[of] ?? 0),
    String(revisedKeys[of] ?? 0),
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
