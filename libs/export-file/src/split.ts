/** Which of the ordered records go into one file: [from, to) of the keys, and of the revisions. */
export interface FileShare {
  readonly keys: readonly [from: number, to: number];
  readonly revisions: readonly [from: number, to: number];
}

/**
 * Cuts ordered keys and revisions into files of at most `max` records: keys first, then revisions, of which the first top
 * up the last file of keys.
 */
export function splitIntoFiles(keys: number, revisions: number, max: number): readonly FileShare[] {
  if (!Number.isInteger(max) || max < 1) throw new RangeError('a file holds at least one key');
  const shares: FileShare[] = [];
  for (let at = 0; at < keys + revisions; at += max) {
    const end = Math.min(at + max, keys + revisions);
    shares.push({
      keys: [Math.min(at, keys), Math.min(end, keys)],
      revisions: [Math.max(at - keys, 0), Math.max(end - keys, 0)],
    });
  }
  return shares;
}
