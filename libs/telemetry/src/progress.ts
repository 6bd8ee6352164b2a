import { within } from '@keyserver/retry';
import { SECOND, type Timers } from '@keyserver/time';
import type { ReadInstant, ReadProgress, TellInstant } from './instants.ts';

/** How far a service has come, for whoever asks for figures. */
export interface ProgressWatch {
  /** Says where it is read from now on. */
  readonly observe: (readers: readonly ReadProgress[]) => void;
  /** Everything as it was read half a minute ago at the earliest. It never rejects. */
  readonly instants: () => Promise<readonly ReadInstant[]>;
  /** Reads a last time: what is asked for later is answered from memory, since a store that is closed answers nothing. */
  readonly rest: () => Promise<void>;
}

/** How often it is read at most, ms: whoever fetches figures may come every second, and each reading costs the store. */
const READ_EVERY = 30 * SECOND;
/** How long one reader may take, ms: less than Prometheus waits (https://prometheus.io/docs/prometheus/latest/configuration/configuration/, scrape_timeout). */
const PATIENCE = 5 * SECOND;

/**
 * Reads how far a service has come when it is asked. What cannot be read stays as it was last read: that instant is still true, and
 * the time since then grows, which is what alerts look at.
 */
export function progressWatch(options: {
  readonly timers: Timers;
  readonly onFault: (fault: unknown) => void;
}): ProgressWatch {
  const { timers, onFault } = options;
  let readers: readonly Kept[] = [];
  let asked: { readonly at: number; readonly done: Promise<void> } | undefined;
  let isResting = false;

  const readAll = async (patience: number): Promise<void> => {
    const each = readers.map(async (one) => {
      try {
        one.known = await within({ ms: patience, timers }, async () => await readOnce(one.read));
      } catch (fault) {
        if (!isResting) onFault(fault);
      }
    });
    await Promise.all(each);
  };
  return {
    observe: (wanted) => {
      readers = wanted.map((read) => ({ read, known: [] }));
      asked = undefined;
    },
    instants: async () => {
      const at = timers.monotonic();
      if (!isResting && (asked === undefined || at - asked.at >= READ_EVERY))
        asked = { at, done: readAll(PATIENCE) };
      await asked?.done;
      return readers.flatMap(({ known }) => known);
    },
    rest: async () => {
      isResting = true;
      await readAll(SECOND);
    },
  };
}

interface Kept {
  readonly read: ReadProgress;
  known: readonly ReadInstant[];
}

async function readOnce(read: ReadProgress): Promise<readonly ReadInstant[]> {
  const told: ReadInstant[] = [];
  const tell: TellInstant = (name, labels, at) => {
    told.push({ name, labels, at });
  };
  await read(tell);
  return told;
}
