import type { Series } from './client.ts';
import type { Ledger } from './ledger.ts';

/** Keys that lie in exactly the same files: no subtraction or intersection of files takes them apart. */
export interface FoundCell {
  /** The names of the archives, sorted. */
  readonly archives: readonly string[];
  readonly uploaded: number;
  readonly generated: number;
}

/** The cells that whoever downloads all series can tell apart, and what of them was really uploaded. */
export function cellsIn(series: readonly Series[], { promised }: Ledger): readonly FoundCell[] {
  const cells = new Map<string, { archives: readonly string[]; uploaded: number; all: number }>();
  for (const [key, archives] of archivesByKey(series)) {
    const name = archives.join(' ');
    const cell = cells.get(name) ?? { archives, uploaded: 0, all: 0 };
    cells.set(name, cell);
    cell.all += 1;
    if (promised.has(key)) cell.uploaded += 1;
  }
  return [...cells.values()].map(({ archives, uploaded, all }) => ({
    ...{ archives, uploaded, generated: all - uploaded },
  }));
}

/** The archives that each key, in base64, is in. */
function archivesByKey(series: readonly Series[]): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  for (const { name, keys } of series.flatMap(({ archives }) => archives))
    for (const { data } of keys) {
      const key = Buffer.from(data).toString('base64');
      places.set(key, [...(places.get(key) ?? []), name]);
    }
  return places;
}

/** A line for each archive: how many keys it has, how many of them were generated, and for which cells. */
export function renderFiles(series: readonly Series[], ledger: Ledger): string {
  const cells = cellsIn(series, ledger);
  const archives = series.flatMap((one) => one.archives);
  const width = Math.max(...archives.map(({ name }) => name.length));
  const rows = archives.map(({ name, keys }) => {
    const mine = cells
      .filter((cell) => cell.archives.includes(name))
      .sort((a, b) => a.archives.length - b.archives.length);
    const generated = mine.reduce((sum, cell) => sum + cell.generated, 0);
    const counts = [keys.length, generated].map((n) => shown(n).padStart(COLUMN)).join('');
    return `  ${name.padEnd(width)}${counts}  ${mine.map(reasonFor(name)).join('; ')}`;
  });
  const heading = ['keys', 'generated'].map((text) => text.padStart(COLUMN)).join('');
  return [`${'Files'.padEnd(width + 2)}${heading}  because of`, ...rows, ''].join('\n');
}

const COLUMN = 11;
const shown = (n: number): string => n.toLocaleString('en-US');

/** The uploaded keys that generated ones were added to, and which other files they are in. */
const reasonFor =
  (name: string) =>
  ({ archives, uploaded, generated }: FoundCell): string => {
    const others = archives.filter((other) => other !== name).map(seriesOf);
    const where = others.length === 0 ? 'here alone' : `here and in ${others.join(', ')}`;
    return `${shown(uploaded)} uploaded ${where} (+ ${shown(generated)})`;
  };

const seriesOf = (archive: string): string => archive.slice(0, archive.lastIndexOf('/'));
