import { DAY, unixMillis } from '@keyserver/time';
import { type Cell, type Readers, cellFinder, partnerOfReader, readersOf } from './cell.ts';
import { MIN_REVISED } from './revise.ts';

/** Each cell has ten generated documents at least; one holds about eight keys, as an upload does. */
const LEAST = MIN_REVISED * 8;

/** What padding costs whoever reads one export or is one partner, while too few people publish to fill any cell. */
export type PaddingCost = CostOfReader &
  ({ readonly export: string } | { readonly partner: string });

interface CostOfReader {
  /** Cells that those who may publish can fill in one batch of the export, or unit of the partner. */
  readonly cellsPerBatch: number;
  /** Generated keys in all that it is given of a day, when something was published into every cell. */
  readonly keysPerDay: number;
}

/** Works out what padding costs, from who may publish: one list of regions for each application. */
export function paddingCosts(
  readers: Readers,
  publishers: readonly { readonly regions: readonly string[] }[],
): readonly PaddingCost[] {
  const find = cellFinder(readers);
  const cells = new Map<string, Cell>();
  for (const { regions } of publishers)
    for (const traveler of [false, true]) {
      const cell = find({ window: unixMillis(0), kind: 'primary', regions, traveler });
      if (cell !== undefined) cells.set(cell.id, cell);
    }
  return readersOf(readers).map(({ id, period }) => {
    const taken = [...cells.values()].filter((cell) => cell.readers.includes(id));
    const partner = partnerOfReader(id);
    return {
      ...(partner === undefined ? { export: id } : { partner }),
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
