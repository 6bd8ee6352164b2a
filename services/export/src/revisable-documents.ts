import type { KeyBatch } from '@keyserver/exposure-keys';
import { type Cell, type Plan, cellFinder, drawDelay, paddingSourceOf } from '@keyserver/padding';
import { type Random, shuffle } from '@keyserver/random';
import { DAY, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import type { ReadingDeps } from './settle-span.ts';

/** What it takes to find generated documents of earlier days. */
export interface RevisableDeps extends Omit<ReadingDeps, 'planOf'> {
  readonly random: Random;
  /** How long a window can be read, ms. */
  readonly retention: number;
}

/** Spans that are drawn for one cell: each is read from all shards. */
const MOST_SPANS = 24;

/** So many documents are read for one cell, about; on Firestore they cost three cents. */
const MOST_READ = 50_000;

/**
 * Generated documents that the revisions of a cell could be of: for the same exports, of cells that are settled, and published
 * as long before as people revise. Spans as long as the cell are drawn and read one by one. Where somebody publishes only now
 * and then, most of them are empty: then whole days follow, in random order, until there is nothing left to look at.
 */
export async function* revisableDocuments(
  deps: RevisableDeps,
  plan: Pick<Plan, 'exports' | 'partners'>,
  cell: Cell,
): AsyncGenerator<readonly KeyBatch[]> {
  const find = cellFinder(plan);
  const isRevisable = ({ origin, kind, regions, traveler }: KeyBatch): boolean =>
    origin === 'padding' &&
    kind === 'primary' &&
    find({ window: cell.start, kind: 'revision', regions, traveler })?.id === cell.id;
  let read = 0;
  for (const span of spansBefore(cell, deps)) {
    const generated: KeyBatch[] = [];
    for await (const page of deps.readKeyBatches(span)) {
      read += page.length;
      generated.push(...page.filter(isRevisable));
      if (read >= MOST_READ) break;
    }
    const settled = await ofSettledCells(deps, generated);
    if (settled.length > 0) yield settled;
    if (read >= MOST_READ) return;
  }
}

interface Span {
  readonly from: UnixMillis;
  readonly until: UnixMillis;
}

/** Where to look, in this order. Days repeat what was drawn before them; what was taken there is not taken again. */
function* spansBefore(
  { start, end }: Pick<Cell, 'start' | 'end'>,
  { random, retention }: Pick<RevisableDeps, 'random' | 'retention'>,
): Generator<Span> {
  const period = end - start;
  const most = Math.min(retention, start);
  const drawn = new Set<number>();
  for (let n = 0; n < MOST_SPANS; n++) {
    const from = floorTo(unixMillis(start - drawDelay(most, random)), period);
    if (drawn.has(from)) continue;
    drawn.add(from);
    yield { from, until: unixMillis(from + period) };
  }
  const days: Span[] = [];
  for (let until = end; until > start - most; until = unixMillis(until - DAY))
    days.push({ from: unixMillis(Math.max(until - DAY, 0)), until });
  yield* shuffle(days, random);
}

/** Those that belong to their cells: what no settled cell names is in no file. */
async function ofSettledCells(
  { cells }: Pick<RevisableDeps, 'cells'>,
  documents: readonly KeyBatch[],
): Promise<readonly KeyBatch[]> {
  const sources = documents.flatMap((document) => {
    const source = paddingSourceOf(document.sourceId);
    return source === undefined ? [] : [{ document, ...source }];
  });
  const ids = [...new Set(sources.map(({ cell }) => cell))];
  const settled = await cells.settledWith(ids);
  const attempts = new Map(ids.map((id, n) => [id, settled[n]?.attempt]));
  return sources
    .filter(({ cell, attempt }) => attempts.get(cell) === attempt)
    .map(({ document }) => document);
}
