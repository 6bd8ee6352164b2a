import {
  PACKED_BYTES,
  type PackedSlice,
  type Place,
  type ReadUnit,
  type Unit,
  comparePlaces,
  packSlice,
} from '@keyserver/federation';

/** Gives the slice of an available unit that has what stands behind a place. Neither ever changes. */
export type LoadUnit = (unit: Unit, after: Place | undefined) => Promise<PackedSlice>;

interface Entry {
  readonly unit: string;
  /** Where it begins: behind this place. */
  readonly after: Place | undefined;
  readonly reading: Promise<PackedSlice>;
  /** Undefined while it is being read. */
  slice: PackedSlice | undefined;
}

/** Slices that are read at the same time; each takes about one and a half times its size meanwhile. */
const READ_AT_ONCE = 2;

/** A slice takes at most such a part of the room, so that as many partners can be at different places of large units. */
const PART = 4;

/**
 * Reads units and keeps what was used last, as far as it fits into so many bytes. Calls that want the same share one reading, and so do
 * partners who are given the same documents. A unit that is too large is read anew for each of its slices, so that the memory does
 * not grow with it.
 */
export function unitCache(readUnit: ReadUnit, maxBytes: number): LoadUnit {
  const entries = new Entries(maxBytes);
  const inTurn = turns(READ_AT_ONCE);
  const records = Math.max(1, Math.floor(maxBytes / PART / PACKED_BYTES));
  const read = (id: string, unit: Unit, after: Place | undefined): Entry => {
    const reading = inTurn(async () => await packSlice(readUnit(unit), { after, records }));
    const entry: Entry = { unit: id, after, reading, slice: undefined };
    entries.add(entry);
    reading.then(
      (slice) => {
        entry.slice = slice;
        entries.evict();
      },
      () => {
        entries.remove(entry); // whoever waits hears of the fault; the next call tries again
      },
    );
    return entry;
  };
  return async (unit, after) => {
    const id = idOf(unit);
    for (;;) {
      const entry = entries.find(id, after) ?? read(id, unit, after);
      entries.use(entry);
      const slice = await entry.reading;
      if (isWithin(after, entry.after, slice)) return slice;
    }
  };
}

/** Partners with the same of it are given the same documents. What is not padded is read whole, and each call looks at its grant. */
const idOf = ({ start, end, mode, grant }: Unit): string =>
  JSON.stringify(mode === 'padded' ? [start, end, mode, grant] : [start, end, mode]);

/** Whether a slice that begins behind a place has what stands behind another. */
const isWithin = (wanted: Place | undefined, after: Place | undefined, { end }: PackedSlice) =>
  comparePlaces(after, wanted) <= 0 && (end === undefined || comparePlaces(wanted, end) < 0);

/** What was read or is being read, the last used last. */
class Entries {
  private readonly maxBytes: number;
  private readonly used = new Set<Entry>();
  private readonly ofUnit = new Map<string, readonly Entry[]>();

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** One that has what stands behind a place, or may have it once it is read. */
  find(unit: string, after: Place | undefined): Entry | undefined {
    return this.ofUnit
      .get(unit)
      ?.find((entry) =>
        entry.slice === undefined
          ? comparePlaces(entry.after, after) <= 0
          : isWithin(after, entry.after, entry.slice),
      );
  }

  add(entry: Entry): void {
    this.ofUnit.set(entry.unit, [...(this.ofUnit.get(entry.unit) ?? []), entry]);
  }

  use(entry: Entry): void {
    this.used.delete(entry);
    this.used.add(entry);
  }

  remove(entry: Entry): void {
    this.used.delete(entry);
    const others = this.ofUnit.get(entry.unit)?.filter((one) => one !== entry) ?? [];
    if (others.length > 0) this.ofUnit.set(entry.unit, others);
    else this.ofUnit.delete(entry.unit);
  }

  /** Forgets what was used longest ago until the rest fits. */
  evict(): void {
    let total = 0;
    for (const { slice } of this.used) total += slice?.bytes ?? 0;
    let left = this.used.size;
    for (const entry of this.used) {
      if (total <= this.maxBytes || left === 1) return;
      left--;
      if (entry.slice === undefined) continue;
      this.remove(entry);
      total -= entry.slice.bytes;
    }
  }
}

/** Runs at most so many pieces of work at a time, in the order in which they were asked for. */
function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= most)
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next(); // takes over this place
    }
  };
}
