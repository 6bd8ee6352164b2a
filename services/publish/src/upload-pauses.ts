import type { AuthorizedApp } from '@keyserver/health-authority';
import { type Logger, faultTrail } from '@keyserver/log';
import { type Pause, pausesUpload } from '@keyserver/stores';
import { SECOND, type Timers } from '@keyserver/time';

/** Tells which uploads wait for the end of a pause. */
export interface UploadPauses {
  /** Whether an upload waits: its app is paused, or one of its regions (upper case). */
  readonly keepWaiting: (upload: {
    readonly app: string;
    readonly regions: readonly string[];
  }) => Promise<boolean>;
  /** Whether every app that may publish waits; then cover traffic is answered as their uploads are. From memory alone. */
  readonly keepAllWaiting: () => boolean;
}

/** The same, while it is kept up to date. */
export interface KeptPauses extends UploadPauses {
  /** How long ago it was last read, ms; infinite before the first time. */
  readonly age: () => number;
  readonly stop: () => Promise<void>;
}

/** What it takes to know the pauses. */
export interface UploadPausesDeps {
  readonly readPauses: () => Promise<readonly Pause[]>;
  readonly listApps: () => Promise<readonly AuthorizedApp[]>;
  /** Where keys of an app without regions of its own belong. */
  readonly defaultRegions: readonly string[];
  readonly timers: Timers;
  readonly log: Logger;
}

/** How often pauses are read, ms: none is asked for at the time of a request, whose answer would take longer. */
const LOOK_EVERY = 10 * SECOND;

/** What is older, since the process stood still, is read again for the next upload, ms. */
const TOO_OLD = 30 * SECOND;

/** Reads what is paused, and goes on reading it in the background until it is stopped. */
export async function keepPauses(deps: UploadPausesDeps): Promise<KeptPauses> {
  const { timers, log } = deps;
  let known: Known = { at: -Infinity, pauses: [], everybody: false };
  let isStopped = false;
  let cancel = (): void => undefined;
  let working = Promise.resolve();

  const read = async (): Promise<void> => {
    const at = timers.monotonic();
    const pauses = await deps.readPauses();
    known = { at, pauses, everybody: await allWait(deps, pauses) };
  };
  const look = async (): Promise<void> => {
    try {
      await read();
    } catch (fault) {
      log.event('publish.pauses_not_read', { causes: faultTrail(fault) });
    }
    if (!isStopped) cancel = timers.after(LOOK_EVERY, lookNow, { unref: true });
  };
  const lookNow = (): void => {
    working = look();
  };
  lookNow();
  await working;
  return {
    keepWaiting: async (upload) => {
      // A fault keeps the upload from being stored, as any fault of the store does.
      if (timers.monotonic() - known.at > TOO_OLD) await read();
      return pausesUpload(known.pauses, upload);
    },
    keepAllWaiting: () => known.everybody,
    age: () => timers.monotonic() - known.at,
    stop: async () => {
      isStopped = true;
      cancel();
      await working;
    },
  };
}

interface Known {
  /** When it was read, on the clock of the timers, ms. */
  readonly at: number;
  readonly pauses: readonly Pause[];
  readonly everybody: boolean;
}

/** Apps are looked at only while something is paused. */
async function allWait(
  { listApps, defaultRegions }: UploadPausesDeps,
  pauses: readonly Pause[],
): Promise<boolean> {
  if (pauses.length === 0) return false;
  const apps = await listApps();
  return (
    apps.length > 0 &&
    apps.every(({ id, regions }) => {
      const own = (regions.length > 0 ? regions : defaultRegions).map((one) => one.toUpperCase());
      return pausesUpload(pauses, { app: id, regions: own });
    })
  );
}
