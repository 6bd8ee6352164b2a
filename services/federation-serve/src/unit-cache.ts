import {
  type PackedUnit,
  type Partner,
  type ReadUnit,
  type Unit,
  packUnit,
} from '@keyserver/federation';

/** Gives the packed keys of an available unit, which never change. */
export type LoadUnit = (partner: Partner, unit: Unit) => Promise<PackedUnit>;

interface Entry {
  readonly packed: Promise<PackedUnit>;
  /** 0 while it is being read. */
  bytes: number;
}

/** Units that are read at the same time; each takes about two and a half times its size meanwhile. */
const READ_AT_ONCE = 2;

/**
 * Reads units and keeps the ones used last, as far as they fit into so many bytes; calls that want the same share one reading. A
 * unit that is larger than all of that is kept alone, as its next page is asked for next.
 */
export function unitCache(readUnit: ReadUnit, maxBytes: number): LoadUnit {
  const entries = new Map<string, Entry>();
  const inTurn = turns(READ_AT_ONCE);
  const read = (id: string, partner: Partner, unit: Unit): Entry => {
    const packed = inTurn(async () => await packUnit(readUnit(partner, unit)));
    const entry: Entry = { packed, bytes: 0 };
    entries.set(id, entry);
    packed.then(
      ({ bytes }) => {
        entry.bytes = bytes;
        evict(entries, maxBytes);
      },
      () => {
        entries.delete(id); // whoever waits hears of the fault; the next call tries again
      },
    );
    return entry;
  };
  return async (partner, unit) => {
    const id = JSON.stringify([partner.id, partner.mode, unit]);
    const entry = entries.get(id) ?? read(id, partner, unit);
    entries.delete(id); // used last is last
    entries.set(id, entry);
    return await entry.packed;
  };
}

function evict(entries: Map<string, Entry>, maxBytes: number): void {
  let total = 0;
  for (const { bytes } of entries.values()) total += bytes;
  let left = entries.size;
  for (const [id, { bytes }] of entries) {
    if (total <= maxBytes || left === 1) return;
    left--;
    if (bytes === 0) continue;
    entries.delete(id);
    total -= bytes;
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
