import { type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { type Cell, type FindCell, type Readers, cellFinder } from './cell.ts';
import type { KeyDocument } from './generated-document.ts';
import type { Plan, Publisher } from './plan.ts';

/** What a batch holds of one cell. */
export interface CellContents {
  readonly cell: Cell;
  /** Keys that were published here. Only they count towards the floor. */
  readonly localKeys: number;
  /** Documents that were published here. */
  readonly localDocuments: number;
  /** Whether some document is not a generated one. */
  readonly isEmpty: boolean;
  /** Documents that generated ones are to hide among: all of them while they are few, then no more than the floor needs. */
  readonly documents: readonly KeyDocument[];
  /** Generated documents, by the attempt that wrote them. */
  readonly generated: ReadonlyMap<string, readonly KeyBatch[]>;
}

interface Collected {
  readonly cell: Cell;
  localKeys: number;
  localDocuments: number;
  isEmpty: boolean;
  readonly documents: KeyBatch[];
  readonly generated: Map<string, KeyBatch[]>;
}

/** Documents of other servers are imitated only where nothing else is known, so a few of them are enough. */
const MOST_FOREIGN = 100;

/** The documents of one batch by their cells, collected in any order. Only the numbers and a few documents are kept. */
export class BatchCells {
  private readonly collected = new Map<string, Collected>();
  private readonly find: FindCell;

  constructor(plan: Readers) {
    this.find = cellFinder(plan);
  }

  /** Takes a document of the batch. One that nobody takes by the plan is in no cell. */
  add(document: KeyBatch): void {
    const cell = this.find(document);
    if (cell === undefined) return;
    if (document.origin === 'padding') this.addGenerated(cell, document);
    else addReal(this.at(cell), document);
  }

  /** Makes sure that a cell is among those that are settled, although it may be empty. */
  include(cell: Cell): void {
    this.at(cell);
  }

  /** The cells in which there is anything, or that are filled even if there is not. */
  get contents(): readonly CellContents[] {
    return [...this.collected.values()].filter(
      ({ cell, isEmpty, generated }) => !isEmpty || cell.padEmpty || generated.size > 0,
    );
  }

  private addGenerated(cell: Cell, document: KeyBatch): void {
    const source = paddingSourceOf(document.sourceId);
    // A document that names another cell than it lies in was made under rules that no plan has now.
    if (source?.cell !== cell.id) return;
    const { generated } = this.at(cell);
    const of = generated.get(source.attempt);
    if (of === undefined) generated.set(source.attempt, [document]);
    else of.push(document);
  }

  private at(cell: Cell): Collected {
    const known = this.collected.get(cell.id);
    if (known !== undefined) return known;
    const counted = { localKeys: 0, localDocuments: 0, isEmpty: true };
    const fresh = { cell, ...counted, documents: [], generated: new Map() };
    this.collected.set(cell.id, fresh);
    return fresh;
  }
}

function addReal(collected: Collected, document: KeyBatch): void {
  const { cell, documents } = collected;
  const isLocal = document.origin === 'local';
  const isWanted = isLocal
    ? collected.localKeys < cell.floor + cell.range
    : documents.length < MOST_FOREIGN;
  if (isWanted) documents.push(document);
  collected.isEmpty = false;
  if (!isLocal) return;
  collected.localKeys += document.records.length / RECORD_BYTES;
  collected.localDocuments += 1;
}

/** Which cell and attempt a generated document belongs to; undefined for one of an earlier version of this program. */
export function paddingSourceOf(
  sourceId: string,
): { readonly cell: string; readonly attempt: string } | undefined {
  const slash = sourceId.lastIndexOf('/');
  return slash <= 0
    ? undefined
    : { cell: sourceId.slice(0, slash), attempt: sourceId.slice(slash + 1) };
}

/** What the source of a generated document is called. */
export const paddingSource = (cell: string, attempt: string): string => `${cell}/${attempt}`;

/** The cells of a span that publishers could fill and that are to be filled even if none of them does. */
export function cellsToFill(
  plan: Readers & Pick<Plan, 'publishers'>,
  { start, end }: { readonly start: UnixMillis; readonly end: UnixMillis },
): readonly Cell[] {
  const find = cellFinder(plan);
  const cells = new Map<string, Cell>();
  const audiences = plan.publishers.flatMap(({ regions }) =>
    [false, true].map((traveler) => ({ regions, traveler })),
  );
  for (const audience of audiences)
    for (let at = start; at < end;) {
      const cell = find({ window: at, kind: 'primary', ...audience });
      if (cell?.padEmpty === true) cells.set(cell.id, cell);
      at = unixMillis(cell?.end ?? end);
    }
  return [...cells.values()];
}

/** The publishers whose keys would lie in a cell, with the traveler flags that put them there. */
export function publishersOf(
  plan: Readers & Pick<Plan, 'publishers'>,
  { id, start, kind }: Cell,
): readonly (Publisher & { readonly traveler: boolean })[] {
  const find = cellFinder(plan);
  return plan.publishers.flatMap((publisher) =>
    [false, true].flatMap((traveler) =>
      find({ window: start, kind, regions: publisher.regions, traveler })?.id === id
        ? [{ ...publisher, traveler }]
        : [],
    ),
  );
}
