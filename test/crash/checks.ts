/** The keys of one upload, in hex, and what its phone knows of it. */
export interface SentUpload {
  /** `stored`: the server said so. `unknown`: the phone gave up without an answer, so either is right. */
  readonly outcome: 'stored' | 'unknown';
  /** Keys that had ended when they were sent. */
  readonly ended: readonly string[];
  /** Keys that are still valid when the files are looked at. */
  readonly valid: readonly string[];
}

/** A listed file and the keys in it, in hex. */
export interface PublishedFile {
  readonly name: string;
  readonly keys: readonly string[];
}

/** I1 and I2: what is wrong with the files of one export, given everything that was sent and every generated key. */
export function uploadProblems(
  uploads: readonly SentUpload[],
  files: readonly PublishedFile[],
  padding: ReadonlySet<string>,
): readonly string[] {
  const places = new Map<string, string[]>();
  for (const { name, keys } of files)
    for (const key of keys) places.set(key, [...(places.get(key) ?? []), name]);
  const known = new Set(uploads.flatMap(({ ended, valid }) => [...ended, ...valid]));
  return [
    ...uploads.flatMap((upload) => problemsOf(upload, places)),
    ...[...places].flatMap(([key, names]) => [
      ...(names.length > 1 ? [`${key} is in ${names.join(' and ')}`] : []),
      ...(known.has(key) || padding.has(key) ? [] : [`${key} was neither sent nor generated`]),
    ]),
  ];
}

function problemsOf(
  { outcome, ended, valid }: SentUpload,
  places: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const missing = ended.filter((key) => !places.has(key));
  const early = valid.filter((key) => places.has(key));
  const torn = outcome === 'unknown' && missing.length > 0 && missing.length < ended.length;
  return [
    ...(outcome === 'stored' ? missing.map((key) => `${key} is lost`) : []),
    ...(torn ? [`${missing.join(', ')} of an upload is missing, the rest is not`] : []),
    ...early.map((key) => `${key} is published while it is valid`),
  ];
}

/** One attempt to download an object: the digest of its bytes, and everything that a phone would not accept. */
export interface Download {
  readonly name: string;
  /** Undefined when there was no such object. */
  readonly digest: string | undefined;
  readonly violations: readonly string[];
}

/** What was seen of an index and its files over time. */
export interface Observation {
  /** Every version of the index, oldest first. */
  readonly listings: readonly (readonly string[])[];
  readonly downloads: readonly Download[];
}

/** I6: what is wrong with the objects that an index has ever listed. */
export function objectProblems({ listings, downloads }: Observation): readonly string[] {
  const listed = [...new Set(listings.flat())];
  return [
    ...listed.flatMap((name) =>
      contentProblems(
        name,
        downloads.filter((download) => download.name === name),
      ),
    ),
    ...listings.flatMap((names, n) => growthProblems(listings[n - 1] ?? [], names)),
  ];
}

function contentProblems(name: string, downloads: readonly Download[]): readonly string[] {
  if (downloads.length === 0) return [`${name} was never looked at`];
  const missing = downloads.some(({ digest }) => digest === undefined);
  const contents = new Set(downloads.flatMap(({ digest }) => digest ?? []));
  const violations = new Set(downloads.flatMap((download) => download.violations));
  return [
    ...(missing ? [`${name} is listed but missing`] : []),
    ...(contents.size > 1 ? [`${name} has had ${contents.size} contents`] : []),
    ...[...violations].map((violation) => `${name}: ${violation}`),
  ];
}

/** A phone that remembers the last line of the index must find everything new below it. */
function growthProblems(before: readonly string[], after: readonly string[]): readonly string[] {
  return [
    ...before.flatMap((name, n) => (after[n] === name ? [] : [`${name} lost its line`])),
    ...(new Set(after).size < after.length ? ['the index lists a file twice'] : []),
  ];
}

/** A batch, as far as two of them could disturb each other. */
export interface SeenBatch {
  readonly id: string;
  readonly config: string;
  readonly start: number;
  readonly end: number;
  readonly state: string;
  /** Whether its contents are fixed; an empty one never is. */
  readonly frozen: boolean;
  readonly files: readonly string[];
}

/** A document of generated keys, and the attempt at a cell that wrote it. */
export interface SeenPadding {
  readonly id: string;
  readonly cell: string;
  readonly attempt: string;
  /** In hex. */
  readonly keys: readonly string[];
}

/** A settled cell: the attempt whose documents belong to it, and how many these are. */
export interface SeenCell {
  readonly id: string;
  readonly attempt: string;
  readonly documents: number;
}

/** Settled cells and all generated documents, also those of attempts that came to nothing. */
export interface SeenCells {
  readonly cells: readonly SeenCell[];
  readonly padding: readonly SeenPadding[];
}

/** The generated documents that belong to cells. */
export const settledPadding = ({ cells, padding }: SeenCells): readonly SeenPadding[] => {
  const attempts = new Map(cells.map(({ id, attempt }) => [id, attempt]));
  return padding.filter(({ cell, attempt }) => attempts.get(cell) === attempt);
};

/** I7 within one moment: no span of time has two batches, nothing is unfinished, and cells are as they were settled. */
export function batchProblems(
  batches: readonly SeenBatch[],
  seen: SeenCells,
  mostPadding: number,
): readonly string[] {
  const settled = settledPadding(seen);
  return [
    ...batches.flatMap((batch) => overlaps(batch, batches)),
    ...batches.flatMap(({ id, state }) =>
      state === 'complete' || state === 'empty' ? [] : [`${id} is ${state}`],
    ),
    ...seen.cells.flatMap(({ id, documents }) => {
      const found = settled.filter(({ cell }) => cell === id);
      const keys = found.reduce((sum, one) => sum + one.keys.length, 0);
      return [
        ...(found.length === documents ? [] : [`cell ${id} has ${found.length} documents`]),
        ...(keys > mostPadding ? [`cell ${id} has ${keys} generated keys`] : []),
      ];
    }),
  ];
}

/**
 * What is wrong with the generated keys in the files of exports that all take the same keys: those of a cell are in the files
 * of each export, all of them, and keys of an attempt that no cell names are in none.
 */
export function paddingProblems(
  seen: SeenCells,
  files: Readonly<Record<string, readonly PublishedFile[]>>,
): readonly string[] {
  const settled = settledPadding(seen);
  const dead = seen.padding.filter((one) => !settled.includes(one));
  return Object.entries(files).flatMap(([config, published]) => {
    const listed = new Set(published.flatMap(({ keys }) => keys));
    const isListed = (key: string): boolean => listed.has(key);
    return [
      ...settled.flatMap(({ id, cell, keys }) =>
        keys.every(isListed)
          ? []
          : [`${config} lacks keys of ${id}, which ${cell} is settled with`],
      ),
      ...dead.flatMap(({ id, cell, keys }) =>
        keys.some(isListed) ? [`${config} has keys of ${id}, which ${cell} does not name`] : [],
      ),
    ];
  });
}

const overlaps = (batch: SeenBatch, batches: readonly SeenBatch[]): readonly string[] =>
  batches
    .filter(
      (other) =>
        other.id < batch.id &&
        other.config === batch.config &&
        other.start < batch.end &&
        batch.start < other.end,
    )
    .map((other) => `${other.id} and ${batch.id} cover the same time`);

/** Everything that jobs leave behind, at one moment. */
export interface Snapshot {
  /** Digest of every file of the object store by its path: contents, names and generations. */
  readonly objects: ReadonlyMap<string, string>;
  readonly batches: readonly SeenBatch[];
  readonly seen: SeenCells;
}

/** I7 over time: what running every job again has changed. New batches may only be the empty ones of time that passed. */
export function repetitionProblems(before: Snapshot, after: Snapshot): readonly string[] {
  const known = new Map(before.batches.map((batch) => [batch.id, JSON.stringify(batch)]));
  const kept = new Set(after.batches.map(({ id }) => id));
  return [
    ...mapProblems(before.objects, after.objects),
    ...before.batches.flatMap(({ id }) => (kept.has(id) ? [] : [`batch ${id} is gone`])),
    ...after.batches.flatMap((batch) => {
      const was = known.get(batch.id);
      if (was === undefined) return batch.state === 'empty' ? [] : [`batch ${batch.id} is new`];
      return was === JSON.stringify(batch) ? [] : [`batch ${batch.id} has changed`];
    }),
    ...paddingChanges(before.seen, after.seen),
  ];
}

function mapProblems(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return [
    ...[...after.keys()].flatMap((path) => (before.has(path) ? [] : [`${path} is new`])),
    ...[...before].flatMap(([path, digest]) => {
      const now = after.get(path);
      if (now === undefined) return [`${path} is gone`];
      return now === digest ? [] : [`${path} has changed`];
    }),
  ];
}

/** Documents of attempts that came to nothing may go. */
function paddingChanges(before: SeenCells, after: SeenCells): readonly string[] {
  const [was, is] = [before, after].map((seen) => new Map(seen.cells.map((one) => [one.id, one])));
  const left = new Set(after.padding.map(({ id }) => id));
  const known = new Set(before.padding.map(({ id }) => id));
  return [
    ...after.cells.flatMap(({ id, attempt }) => {
      const old = was?.get(id);
      if (old === undefined) return [`cell ${id} is new`];
      return old.attempt === attempt ? [] : [`cell ${id} names another attempt`];
    }),
    ...before.cells.flatMap(({ id }) => (is?.has(id) === true ? [] : [`cell ${id} is gone`])),
    ...after.padding.flatMap(({ id }) => (known.has(id) ? [] : [`padding ${id} is new`])),
    ...settledPadding(before).flatMap(({ id }) => (left.has(id) ? [] : [`padding ${id} is gone`])),
  ];
}
