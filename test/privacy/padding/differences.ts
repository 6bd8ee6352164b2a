/** The keys of one batch, its files joined. */
export interface KeySet {
  /** The floor of its export on its day. */
  readonly floor: number;
  /** In hexadecimal. */
  readonly keys: Iterable<string>;
}

/** Keys that are in exactly the same batches. */
export interface Atom {
  /** How many local and generated keys it has. */
  readonly size: number;
  /** The largest floor of its batches: how many it should have at least. */
  readonly floor: number;
  /** The places of the batches that hold it, ascending. */
  readonly batches: readonly number[];
}

/**
 * The parts that batches cut one another into. Whatever can be computed from any number of them by union, intersection and
 * subtraction is made of whole parts, so nothing smaller than the smallest part can ever be isolated. Keys that are not
 * `counted` make a part, but add nothing to its size.
 */
export function atomsOf(
  batches: readonly KeySet[],
  counted: (key: string) => boolean,
): readonly Atom[] {
  const places = new Map<string, number[]>();
  batches.forEach(({ keys }, at) => {
    for (const key of keys) {
      const known = places.get(key);
      if (known === undefined) places.set(key, [at]);
      else known.push(at);
    }
  });
  const atoms = new Map<string, { size: number; readonly batches: readonly number[] }>();
  for (const [key, at] of places) {
    const name = at.join();
    const atom = atoms.get(name) ?? { size: 0, batches: at };
    atoms.set(name, atom);
    if (counted(key)) atom.size++;
  }
  return [...atoms.values()].map((atom) => ({
    ...atom,
    floor: Math.max(...atom.batches.map((at) => batches[at]!.floor)),
  }));
}

/** The part that lies deepest below its floor, or comes closest to it; undefined when there is none. */
export const mostIsolated = (atoms: readonly Atom[]): Atom | undefined =>
  atoms.toSorted((a, b) => a.size - a.floor - (b.size - b.floor))[0];
