/** A part of the order of keys, from the first bound up to but without the second. */
export interface Bounds {
  readonly low: string;
  readonly high: string;
}

/** Tells whether a key lies within bounds. */
export const within = (key: string, { low, high }: Bounds): boolean => key >= low && key < high;

interface Entry<T> {
  readonly key: string;
  readonly item: T;
}

const BLOCK = 512;

/** The first place of a sorted list whose key is not below the given one. */
function placeFor<T>(list: readonly T[], key: string, keyOf: (element: T) => string): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const element = list[middle];
    if (element !== undefined && keyOf(element) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

const keyOfEntry = <T>(entry: Entry<T>): string => entry.key;
const lastKey = <T>(block: readonly Entry<T>[]): string => block.at(-1)?.key ?? '';

/** Items in the order of their keys, in blocks, so that neither a change nor a page of a scan touches them all. */
export class SortedEntries<T> {
  private readonly blocks: Entry<T>[][] = [];

  constructor(entries: readonly Entry<T>[]) {
    const sorted = entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    for (let at = 0; at < sorted.length; at += BLOCK)
      this.blocks.push(sorted.slice(at, at + BLOCK));
  }

  /** Puts an item at a key, in place of the one that is there. */
  set(key: string, item: T): void {
    const number = Math.min(placeFor(this.blocks, key, lastKey), this.blocks.length - 1);
    const block = this.blocks[number];
    if (block === undefined) {
      this.blocks.push([{ key, item }]);
      return;
    }
    const place = placeFor(block, key, keyOfEntry);
    block.splice(place, block[place]?.key === key ? 1 : 0, { key, item });
    if (block.length > 2 * BLOCK) this.blocks.splice(number + 1, 0, block.splice(BLOCK));
  }

  delete(key: string): void {
    const number = placeFor(this.blocks, key, lastKey);
    const block = this.blocks[number];
    if (block === undefined) return;
    const place = placeFor(block, key, keyOfEntry);
    if (block[place]?.key === key) block.splice(place, 1);
    if (block.length === 0) this.blocks.splice(number, 1);
  }

  /** The entries within bounds, one after another. */
  *upwards({ low, high }: Bounds): Generator<Entry<T>> {
    for (let number = placeFor(this.blocks, low, lastKey); number < this.blocks.length; number++) {
      const block = this.blocks[number] ?? [];
      for (let place = placeFor(block, low, keyOfEntry); place < block.length; place++) {
        const entry = block[place];
        if (entry === undefined || entry.key >= high) return;
        yield entry;
      }
    }
  }

  /** The same from the last to the first. */
  *downwards({ low, high }: Bounds): Generator<Entry<T>> {
    const start = Math.min(placeFor(this.blocks, high, lastKey), this.blocks.length - 1);
    for (let number = start; number >= 0; number--) {
      const block = this.blocks[number] ?? [];
      for (let place = placeFor(block, high, keyOfEntry) - 1; place >= 0; place--) {
        const entry = block[place];
        if (entry === undefined || entry.key < low) return;
        yield entry;
      }
    }
  }
}
