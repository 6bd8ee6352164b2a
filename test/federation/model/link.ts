import type {
  FederationQuery,
  FindUnit,
  FoundUnit,
  Grant,
  Partner,
  ReadUnit,
  Unit,
} from '@keyserver/federation';
import { HOUR, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { type GrantHistory, isGranted } from './grants.ts';
import type { ModelServer } from './model-server.ts';

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
  | 'a revision overtakes its key';

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
  const { from: server, partner } = link;
  const isPadded = partner.mode === 'padded';
  const span = isPadded ? partner.unit : HOUR;
  const find = (window: UnixMillis): FoundUnit => {
    const { now, keeping } = server;
    const start = floorTo(window, span);
    const end = unixMillis(start + span);
    const oldest = ceilTo(unixMillis(now - keeping.retention), span);
    if (start < oldest) return { kind: 'nothing', to: oldest };
    if (now < (faults.has('open windows are served') ? start : end)) return { kind: 'not yet' };
    const empty = server.emptyFrom(start, floorTo(now, span));
    if (empty >= end) return { kind: 'nothing', to: floorTo(empty, span) };
    return (
      (isPadded ? unplanned(link, { start, end }, faults) : undefined) ?? {
        kind: 'available',
        unit: { start, end, mode: partner.mode, grant: grantOf(link, start, faults) },
      }
    );
  };
  return {
    findUnit: async (_, window) => await Promise.resolve(find(window)),
    readUnit: async function* ({ start, end, grant }) {
      const shows = isPadded || faults.has('generated keys are fresh');
      const documents = server
        .served(start, end)
        .filter(({ origin }) => shows || origin !== 'padding')
        .filter((document) => !isPadded || isGranted(grant, document));
      yield await Promise.resolve(documents);
    },
  };
}

/** Why a closed unit of a padded partner is not available. */
function unplanned(
  { grants, from, settled, settlesAtOnce }: Link,
  { start, end }: Pick<Unit, 'start' | 'end'>,
  faults: ReadonlySet<Fault>,
): FoundUnit | undefined {
  if (isPlannedWider(grants, start, from.now)) return { kind: 'nothing', to: end };
  if (settlesAtOnce || settled.has(start)) return undefined;
  return faults.has('units that are not available are passed over')
    ? { kind: 'nothing', to: end }
    : { kind: 'not yet' };
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
