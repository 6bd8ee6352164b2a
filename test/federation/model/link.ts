import type { FederationQuery, FindUnit, Grant, Partner, ReadUnit } from '@keyserver/federation';
import { DAY, HOUR, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { type GrantHistory, isGranted } from './grants.ts';
import { type ModelServer, dayOf } from './model-server.ts';

/** What a fault that is planted takes away from the rule. */
export type Fault =
  | 'open windows are served'
  | 'units that are not available are passed over'
  | 'the grant in force is not looked at'
  | 'the grant of the day is not looked at'
  | 'generated keys are fresh'
  | 'the next state is stored before its keys'
  | 'look-up ends with serving'
  | 'a chunk is merged with what was found before'
  | 'a revision is released by itself';

/** One server fetches from another: the partner as the one has it configured, and the query of the other. */
export interface Link {
  readonly from: ModelServer;
  readonly to: ModelServer;
  /** Its grant is that of the beginning; `grants` knows what holds. */
  readonly partner: Partner;
  readonly grants: GrantHistory;
  readonly query: FederationQuery;
  /** Starts of units of a padded partner whose cells are settled. */
  readonly settled: Set<UnixMillis>;
  /** Whether all units are settled as soon as they are closed, as on a server that nothing troubles. */
  settlesAtOnce: boolean;
}

/** The partner as it is configured now. */
export const partnerNow = ({ partner, grants, from }: Link, faults: ReadonlySet<Fault>): Partner =>
  faults.has('the grant in force is not looked at')
    ? partner
    : { ...partner, ...grants.at(from.now) };

/** Units by the words of the rule, over the documents of the server that is asked. */
export function unitsOf(
  link: Link,
  faults: ReadonlySet<Fault>,
): { readonly findUnit: FindUnit; readonly readUnit: ReadUnit } {
  const { from: server, grants, partner } = link;
  const isPadded = partner.mode === 'padded';
  const span = isPadded ? partner.unit : HOUR;
  const find = (window: UnixMillis): Awaited<ReturnType<FindUnit>> => {
    const { now, keeping } = server;
    const oldest = ceilTo(unixMillis(now - keeping.retention), span);
    const start = floorTo(window, span);
    const end = unixMillis(start + span);
    if (start < oldest) return { kind: 'nothing', to: oldest };
    const isClosed = faults.has('open windows are served') ? start <= now : end <= now;
    if (!isClosed) return { kind: 'not yet' };
    const empty = server.emptyFrom(start, floorTo(now, span));
    if (empty >= end) return { kind: 'nothing', to: floorTo(empty, span) };
    if (isPadded && isPlannedWider(grants, start, now)) return { kind: 'nothing', to: end };
    const isSettled = !isPadded || link.settlesAtOnce || link.settled.has(start);
    if (isSettled)
      return { kind: 'available', unit: { start, end, grant: grantOf(link, start, faults) } };
    return faults.has('units that are not available are passed over')
      ? { kind: 'nothing', to: end }
      : { kind: 'not yet' };
  };
  return {
    findUnit: async (_, window) => await Promise.resolve(find(window)),
    readUnit: async function* (_, { start, end, grant }) {
      const shows = isPadded || faults.has('generated keys are fresh');
      const documents = server
        .served(start, end)
        .filter(({ origin }) => shows || origin !== 'padding')
        .filter((document) => isGranted(grant, document));
      yield await Promise.resolve(documents);
    },
  };
}

const grantOf = ({ grants, from }: Link, start: UnixMillis, faults: ReadonlySet<Fault>): Grant =>
  faults.has('the grant of the day is not looked at') ? grants.at(from.now) : grants.ofDay(start);

/** Whether the grant was narrowed since the day of a unit was planned. What is padded is given as a whole or not at all. */
function isPlannedWider(grants: GrantHistory, start: UnixMillis, now: UnixMillis): boolean {
  const [a, b] = [grants.ofDay(start), grants.at(now)];
  const isIn = (small: readonly string[], large: readonly string[]): boolean =>
    small.every((region) => large.includes(region));
  return !(
    isIn(a.includeRegions, b.includeRegions) &&
    isIn(b.excludeRegions, a.excludeRegions) &&
    (b.includeTravelers || !a.includeTravelers) &&
    (a.onlyLocalProvenance || !b.onlyLocalProvenance)
  );
}

const ceilTo = (t: UnixMillis, span: number): UnixMillis => floorTo(unixMillis(t + span - 1), span);
