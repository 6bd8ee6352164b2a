import type { Grant } from '@keyserver/federation';
import type { KeyBatch } from '@keyserver/exposure-keys';
import { DAY, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';

/** Whether a grant takes the keys of a document, by the words of the rule and not by the server's own code. */
export function isGranted(
  grant: Grant,
  { regions, traveler, origin }: Pick<KeyBatch, 'regions' | 'traveler' | 'origin'>,
): boolean {
  if (grant.includeRegions.length === 0) return false;
  if (regions.some((region) => grant.excludeRegions.includes(region))) return false;
  if (grant.onlyLocalProvenance && origin !== 'local' && origin !== 'padding') return false;
  return (
    (grant.includeTravelers && traveler) ||
    regions.some((region) => grant.includeRegions.includes(region))
  );
}

/** What both of two grants allow. */
export const narrowed = (a: Grant, b: Grant): Grant => ({
  includeRegions: a.includeRegions.filter((region) => b.includeRegions.includes(region)),
  excludeRegions: [...new Set([...a.excludeRegions, ...b.excludeRegions])].sort(),
  includeTravelers: a.includeTravelers && b.includeTravelers,
  onlyLocalProvenance: a.onlyLocalProvenance || b.onlyLocalProvenance,
});

const isSame = (a: Grant, b: Grant): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The grant of a partner through time: narrowing holds at once, widening from the next midnight on. */
export class GrantHistory {
  /** What was in force from an instant on, oldest first. */
  readonly inForce: { readonly from: UnixMillis; readonly grant: Grant }[];

  constructor(grant: Grant) {
    this.inForce = [{ from: unixMillis(0), grant }];
  }

  change(to: Grant, now: UnixMillis): void {
    const before = this.at(now);
    const midnight = unixMillis(floorTo(now, DAY) + DAY);
    const later = this.inForce.findIndex(({ from }) => from > now);
    if (later >= 0) this.inForce.splice(later);
    this.inForce.push({ from: now, grant: narrowed(before, to) });
    if (!isSame(narrowed(before, to), to)) this.inForce.push({ from: midnight, grant: to });
  }

  at(t: UnixMillis): Grant {
    const known = this.inForce.findLast(({ from }) => from <= t);
    if (known === undefined) throw new Error('no grant was in force');
    return known.grant;
  }

  /** What the day of a window was planned with: what was in force as it began. */
  ofDay(window: UnixMillis): Grant {
    return this.at(floorTo(window, DAY));
  }

  /** Everything that was in force since the day of a window began. */
  since(window: UnixMillis): readonly Grant[] {
    const start = floorTo(window, DAY);
    return [
      this.ofDay(window),
      ...this.inForce.filter(({ from }) => from > start).map(({ grant }) => grant),
    ];
  }
}
