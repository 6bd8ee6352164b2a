import type { DocumentStore } from '@keyserver/docstore';
import {
  type FoundUnit,
  type Grant,
  type Partner,
  isWithin,
  narrowed,
} from '@keyserver/federation';
import {
  type PartnerVersion,
  type PlanSpan,
  midnightAfter,
  nextInForce,
  partnersInForce,
  planSpanOf,
  planStart,
  readerOf,
} from '@keyserver/padding';
import { type Clock, SECOND, type UnixMillis } from '@keyserver/time';
import { freshUnits } from './fresh-units.ts';
import { type Units, paddedUnits } from './partner-units.ts';
import { versionsOfPartner } from './partner-versions.ts';
import { pausesReader, rememberedPauses } from './pauses.ts';
import type { StoreProfile } from './store-format.ts';

/** How partners were configured for the days of the past. */
export interface PartnerDays {
  /** The partner as it was configured for the day of a window; undefined when it was not in force. */
  readonly on: (partner: Partner, window: UnixMillis) => Promise<Partner | undefined>;
  /** The first midnight after the day of a window at which it is in force. */
  readonly next: (partner: Partner, window: UnixMillis) => Promise<UnixMillis | undefined>;
  /** What it was granted on the day of a window; undefined when it was not in force. */
  readonly grantAt: (partner: Partner, window: UnixMillis) => Promise<Grant | undefined>;
}

/** How long the versions of a partner are remembered, ms. Any change of a partner that is given shows in itself. */
const REMEMBERED = 10 * SECOND;

interface Remembered {
  readonly at: UnixMillis;
  partner: Partner;
  readonly versions: readonly PartnerVersion[];
}

const isSame = (one: Partner, other: Partner): boolean =>
  one === other || JSON.stringify(one) === JSON.stringify(other);

/** Reads how partners were configured; what it says of an unchanged partner is ten seconds old at most. */
export function partnerDays(store: DocumentStore, span: PlanSpan): PartnerDays {
  const remembered = new Map<string, Remembered>();
  const versionsOf = async (partner: Partner): Promise<readonly PartnerVersion[]> => {
    const now = await store.now();
    const known = remembered.get(partner.id);
    const age = now - (known?.at ?? now);
    if (known !== undefined && isSame(known.partner, partner) && age >= 0 && age < REMEMBERED) {
      known.partner = partner; // the next call has the same object, as a rule, and need not be compared field by field
      return known.versions;
    }
    const versions = await store.transact(async (tx) => await versionsOfPartner(tx, partner.id));
    remembered.set(partner.id, { at: now, partner, versions });
    return versions;
  };
  const on: PartnerDays['on'] = async (partner, window) =>
    partnersInForce(await versionsOf(partner), planStart(window, span), span)[0];
  return {
    on,
    next: async (partner, window) =>
      nextInForce(await versionsOf(partner), midnightAfter(window, span), span),
    grantAt: async (partner, window) => await on(partner, window),
  };
}

/**
 * The units of all partners: of each day those of the mode that the partner had on it. Before a partner begins, and in days
 * between its end and its re-opening, there is nothing. Until the midnight from which a wider grant holds, days of the past are given by the
 * one that it follows, too.
 */
export function servedUnits(
  store: DocumentStore,
  {
    days,
    padded,
    fresh,
  }: { readonly days: PartnerDays; readonly padded: Units; readonly fresh: Units },
): Units {
  return {
    findUnit: async (partner, window) => {
      const configured = await days.on(partner, window);
      if (configured === undefined || window < partner.from)
        return await passOver(
          store,
          window < partner.from ? partner.from : await days.next(partner, window),
        );
      const units = configured.mode === 'padded' ? padded : fresh;
      const found = await units.findUnit(partner, window);
      const today = await days.on(partner, await store.now());
      return today === undefined ? found : allowedToday(found, today);
    },
    readUnit: (unit) => (unit.mode === 'padded' ? padded : fresh).readUnit(unit),
  };
}

/** What is found as today's grant allows it: of a padded unit all or nothing, of a fresh one key by key. */
function allowedToday(found: FoundUnit, today: Grant): FoundUnit {
  if (found.kind !== 'available' || isWithin(found.unit.grant, today)) return found;
  const { unit } = found;
  return unit.mode === 'padded'
    ? { kind: 'nothing', to: unit.end }
    : { kind: 'available', unit: { ...unit, grant: narrowed(unit.grant, today) } };
}

/** There is nothing up to an instant, unless that is yet to come: who waits for it stays where it is. */
const passOver = async (store: DocumentStore, to: UnixMillis | undefined): Promise<FoundUnit> =>
  to === undefined || to > (await store.now()) ? { kind: 'not yet' } : { kind: 'nothing', to };

/** The units of all partners of a store, each in the way in which its partner was served on that day. */
export function unitsOfPartners(
  store: DocumentStore,
  {
    retention,
    profile,
    clock,
  }: {
    /** In ms. */
    readonly retention: number;
    readonly profile: StoreProfile | undefined;
    /** By which pauses are remembered. */
    readonly clock: Clock;
  },
): Units {
  const span = planSpanOf(profile);
  const days = partnerDays(store, span);
  const padded = paddedUnits(store, { retention, span });
  const recall = rememberedPauses(store, clock);
  const waits = async (one: Partner): Promise<boolean> =>
    pausesReader(await recall(), readerOf(one));
  const fresh = freshUnits(store, { retention, waits, ...days });
  return servedUnits(store, { days, padded, fresh });
}
