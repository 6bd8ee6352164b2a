import type { ExportConfig } from '@keyserver/export-file';
import { DAY, unixMillis } from '@keyserver/time';
import { type Cell, cellFinder } from './cell.ts';
import { MIN_REVISED } from './revise.ts';

/** Each cell has ten generated documents at least; one holds about eight keys, as an upload does. */
const LEAST = MIN_REVISED * 8;

/** What padding costs the phones that read one export, while too few people publish to fill any cell. */
export interface PaddingCost {
  readonly export: string;
  /** Cells that those who may publish can fill in one batch of the export. */
  readonly cellsPerBatch: number;
  /** Generated keys in its files of a day, when something was published into every cell. */
  readonly keysPerDay: number;
}

/** Works out what padding costs, from who may publish: one list of regions for each application. */
export function paddingCosts(
  exports: readonly ExportConfig[],
  publishers: readonly { readonly regions: readonly string[] }[],
): readonly PaddingCost[] {
  const find = cellFinder({ exports });
  const cells = new Map<string, Cell>();
  for (const { regions } of publishers)
    for (const traveler of [false, true]) {
      const cell = find({ window: unixMillis(0), kind: 'primary', regions, traveler });
      if (cell !== undefined) cells.set(cell.id, cell);
    }
  return exports.map(({ id, period }) => {
    const taken = [...cells.values()].filter((cell) => cell.exports.includes(id));
    return {
      export: id,
      cellsPerBatch: taken.reduce((sum, cell) => sum + period / (cell.end - cell.start), 0),
      keysPerDay: Math.round(
        taken.reduce(
          (sum, { floor, range, start, end }) =>
            sum + (floor === 0 ? 0 : Math.max(floor + range / 2, LEAST) * (DAY / (end - start))),
          0,
        ),
      ),
    };
  });
}
