import { type ExposureKey, type KeyRules, packRecords } from '@keyserver/exposure-keys';
import { type Random, shuffle } from '@keyserver/random';
import { HOUR, type UnixMillis, type WindowLength } from '@keyserver/time';
import { pick, weighted } from './chance.ts';
import { dealCombinations } from './combinations.ts';
import type { Audience, KeyDocument } from './generated-document.ts';
import { type SortedPool, keysFromPool, sortPool } from './pooled-shapes.ts';
import { type Habits, drawHabits, expectedDocuments, keysByHabit } from './prior.ts';
import { type ShapePool, hourOf } from './shape.ts';

/** A cell, and how much is missing in it. */
export interface CellToFill {
  /** Starts of all release windows of the cell, at least one. All of them are closed. */
  readonly windows: readonly UnixMillis[];
  /** The real documents of the cell, of every origin. There may be none. */
  readonly documents: readonly KeyDocument[];
  /** Who could publish here. It counts only where there are no documents, and must not be empty then. */
  readonly audiences: readonly Audience[];
  /** How many keys to generate at least. The last document may add a few more. */
  readonly keys: number;
  /** How many documents to generate at least. */
  readonly atLeast: number;
}

/** What documents are generated from. */
export interface GenerationSource {
  /** Shapes of real documents of earlier days, none of this cell among them. */
  readonly pool: ShapePool;
  /** The rules that uploads are accepted by. */
  readonly rules: KeyRules;
  /** The length of the window that starts then. */
  readonly windowLength: (window: UnixMillis) => WindowLength;
  /** In production one that nobody can predict. */
  readonly random: Random;
}

/**
 * Documents that nobody uploaded, for real ones to hide among, in random order. Windows, days and numbers of keys are drawn
 * without a look at the real documents of the cell. Only which audiences and combinations of report type, risk and missing
 * onset there are is taken from them, and never how often. Throws a RangeError for a cell without windows, or without anybody
 * who could publish in it.
 */
export function generateDocuments(
  cell: CellToFill,
  source: GenerationSource,
): readonly KeyDocument[] {
  const { random } = source;
  const drawn = drawUploads(cell, source);
  const combinations = dealCombinations(cell.documents, drawn.length, random);
  const audiences = audiencesOf(cell);
  const documents = drawn.map(({ window, keys }, n): KeyDocument => {
    const dressed = keys.map((key) => combinations[n]?.(key, window) ?? key);
    const sorted = dressed.toSorted((a, b) => Buffer.compare(a.data, b.data));
    return { ...pick(audiences, random), window, records: packRecords(sorted) };
  });
  return shuffle(documents, random);
}

/** What a made-up upload leaves in a window of the cell. */
interface Drawn {
  readonly window: UnixMillis;
  readonly keys: readonly ExposureKey[];
}

/** Whole documents until there are enough. */
function drawUploads(cell: CellToFill, source: GenerationSource): readonly Drawn[] {
  const { rules, random } = source;
  const [first] = cell.windows;
  if (first === undefined) throw new RangeError('a cell without windows');
  const pool = sortPool(source.pool, source.windowLength(first));
  const habits = drawHabits(rules, random);
  const drawWindow = windowDrawer(cell.windows, { source, pool, habits });
  const drawn: Drawn[] = [];
  for (let count = 0; count < cell.keys || drawn.length < cell.atLeast;) {
    const window = drawWindow(random);
    const release = { window, length: source.windowLength(window), rules, random };
    const keys = keysFromPool(pool, release) ?? keysByHabit(habits, release);
    drawn.push({ window, keys });
    count += keys.length;
  }
  return drawn;
}

/**
 * Draws windows as often as documents lie in them by the prior, which counts like 100 documents, and the pool. Of the windows
 * of an hour, the pool knows no difference.
 */
function windowDrawer(
  windows: readonly UnixMillis[],
  from: {
    readonly source: GenerationSource;
    readonly pool: SortedPool;
    readonly habits: Habits;
  },
): (random: Random) => UnixMillis {
  return weighted(windows, (window) => {
    const length = from.source.windowLength(window);
    const known = from.pool.hours.get(hourOf(window))?.shapes.length ?? 0;
    return known * Math.min(1, length / HOUR) + expectedDocuments(from.habits, { window, length });
  });
}

/** The different audiences of the cell's documents, each once. */
function audiencesOf({ documents, audiences }: CellToFill): readonly Audience[] {
  const all = documents.length > 0 ? documents : audiences;
  const different = new Map<string, Audience>();
  for (const { regions, traveler, app, authority } of all) {
    const sorted = regions.toSorted();
    const name = JSON.stringify([sorted, traveler, app, authority?.id, authority?.name]);
    different.set(name, { regions: sorted, traveler, app, authority });
  }
  return [...different.values()];
}
