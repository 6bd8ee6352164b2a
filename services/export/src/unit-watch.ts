import type { Partner } from '@keyserver/federation';
import { type Logger, configuredId } from '@keyserver/log';
import { HealthFault, type HealthProbe } from '@keyserver/service';
import { readerOf } from '@keyserver/padding';
import { type Pause, type UnitProgress, type UnitStore, pausesReader } from '@keyserver/stores';
import {
  type UnixMillis,
  type WindowCalendar,
  floorTo,
  unixMillis,
  windowStart,
} from '@keyserver/time';

/** What it takes to find out which partners wait for units. */
interface UnitWatchDeps {
  readonly units: Pick<UnitStore, 'listPadded' | 'progressOf'>;
  readonly storeTime: () => Promise<UnixMillis>;
  readonly readPauses: () => Promise<readonly Pause[]>;
  /** The release windows of keys. */
  readonly readWindows: () => WindowCalendar | Promise<WindowCalendar>;
  /** How long after the store has closed its windows a unit may take until it is settled, ms. */
  readonly lateAfter: number;
  /** How long the store takes to close a window, ms. */
  readonly closingDelay: number;
  readonly log: Logger;
}

type LateCause = 'not_cut' | 'not_settled' | 'paused';

interface LatePartner {
  readonly partner: Partner;
  readonly because: LateCause;
}

const BECAUSE: Readonly<Record<LateCause, string>> = {
  not_cut: 'its units are not cut: does /create-batches run?',
  paused:
    'it waits for the end of a pause: `npx keyserver pause` lists them, `npx keyserver resume` ends one',
  not_settled: 'a unit is not settled: the events of do-work say why',
};

/**
 * A watch over the units of all padded partners, which are given nothing behind a unit that is not settled. It reads the store
 * alone, so a process that has just started knows it too. Health reports nothing until the first check: that comes after the first
 * work of a process, which may be the very work that was late.
 */
export function unitWatch(deps: UnitWatchDeps): {
  /** Alerts for each partner whose units are late. */
  readonly check: () => Promise<void>;
  readonly probe: HealthProbe;
} {
  let begun: UnixMillis | undefined;
  let isChecked = false;
  const late = async (): Promise<readonly LatePartner[]> => {
    const now = await deps.storeTime();
    begun ??= now;
    return isChecked ? await latePartners(deps, { now, begun }) : [];
  };
  return {
    check: async () => {
      isChecked = true;
      for (const { partner, because } of await late())
        deps.log.event('federation.units_late', { partner: configuredId(partner), because });
    },
    probe: async () => {
      const [first] = await late();
      if (first === undefined) return;
      throw new HealthFault(
        'units_late',
        `the newest units of partner ${first.partner.id} are older than they should be, because ${BECAUSE[first.because]}`,
      );
    },
  };
}

async function latePartners(
  { units, readWindows, readPauses, lateAfter, closingDelay }: UnitWatchDeps,
  { now, begun }: { readonly now: UnixMillis; readonly begun: UnixMillis },
): Promise<readonly LatePartner[]> {
  const windows = await readWindows();
  const pauses = await readPauses();
  const closed = windowStart(windows, unixMillis(Math.max(0, now - closingDelay - lateAfter)));
  const found: LatePartner[] = [];
  // What is due was planned on the day that it lies in: a partner that is padded from this midnight on had no units before.
  for (const partner of await units.listPadded(unixMillis(Math.max(0, closed - 1)))) {
    const progress = await units.progressOf(partner.id);
    // Nothing tells when a partner was configured that was never cut: it may have been a moment ago.
    if (progress.coveredUntil === undefined && now < begun + lateAfter) continue;
    const because = whyLate(partner, progress, closed);
    const isPaused = because === 'not_settled' && pausesReader(pauses, readerOf(partner));
    if (because !== undefined) found.push({ partner, because: isPaused ? 'paused' : because });
  }
  return found;
}

/** Why a partner waits; undefined while it is in time. */
function whyLate(
  { from, thru, unit }: Partner,
  { coveredUntil, open }: UnitProgress,
  closed: UnixMillis,
): LateCause | undefined {
  const due = floorTo(unixMillis(Math.min(closed, thru ?? Infinity)), unit);
  if (due > from && (coveredUntil ?? 0) < due) return 'not_cut';
  return open !== undefined && open.end <= closed ? 'not_settled' : undefined;
}
