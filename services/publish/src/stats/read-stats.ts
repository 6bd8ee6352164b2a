import { Fault } from '@keyserver/fault';
import type { StatsTokenRefusal, VerifyStatsToken } from '@keyserver/health-authority';
import type { SettingName } from '@keyserver/log';
import type { ReadTotals, Totals } from '@keyserver/stores';
import { type Clock, DAY, HOUR, type UnixMillis, secondsOf } from '@keyserver/time';
import { type DayTotals, shownDays } from './days.ts';
import type { StatsRules } from './stats-settings.ts';

/** What reading statistics needs from the world. */
export interface StatsDeps {
  readonly verifyToken: VerifyStatsToken;
  readonly readTotals: ReadTotals;
  readonly rules: StatsRules;
}

/** How a request for statistics ends. */
export type StatsOutcome =
  | {
      readonly kind: 'days';
      readonly authority: { readonly id: number };
      readonly days: readonly DayTotals[];
      /** Whether the counts of whole days are not folded. */
      readonly behind: Behind;
    }
  | { readonly kind: 'refused'; readonly reason: StatsTokenRefusal }
  | { readonly kind: 'off'; readonly settings: readonly SettingName[] };

/** How many hours ago counts were folded, where that is too long; `never` where none are. */
type Behind = number | 'never' | undefined;

/** The statistics could not be read. */
export class StatsFault extends Fault<'unavailable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', message, options);
  }
}

/** An hour counts as folded after the window that it lies in, which may last a day, and some minutes. */
const FOLDED_WITHIN = DAY + 2 * HOUR;

/** Gives the authority that a token is of the days that it may see. A StatsFault when they cannot be read. */
export async function readStats(
  token: string,
  { clock, verifyToken, readTotals, rules }: StatsDeps & { readonly clock: Clock },
): Promise<StatsOutcome> {
  try {
    const now = clock.now();
    const verified = await verifyToken(token, secondsOf(now));
    if (verified.kind === 'refused') return verified;
    if (rules.kind === 'off') return rules;
    const { authority } = verified;
    const totals = await readTotals(authority.id, now);
    const days = shownDays(totals, now, rules);
    return { kind: 'days', authority, days, behind: behindOf(totals, now) };
  } catch (cause) {
    throw new StatsFault('reading statistics failed', { cause });
  }
}

/** In a store that is new nothing is folded yet, and nothing waits for it that should be. */
function behindOf({ foldedUntil, waitingSince }: Totals, now: UnixMillis): Behind {
  const age = now - (foldedUntil ?? waitingSince ?? now);
  if (age <= FOLDED_WITHIN) return undefined;
  return foldedUntil === undefined ? 'never' : Math.floor(age / HOUR);
}
