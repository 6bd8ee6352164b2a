import type { Partner } from '@keyserver/federation';
import { listPartners, readStoreFormat, unitsOfPartners } from '@keyserver/stores';
import { type Clock, type UnixMillis, unixMillis } from '@keyserver/time';
import { counted, instantText } from '../render.ts';
import type { OpenStore } from '../wiring.ts';

/** What a partner finds here, if it calls now and begins with the oldest keys. */
export interface Served {
  readonly partner: Partner;
  /** How many units it can fetch. */
  readonly units: number;
  /** The start of the first of them; undefined while there is none. */
  readonly first: UnixMillis | undefined;
  /** What comes from here on is not closed, or not settled. */
  readonly until: UnixMillis;
}

/** The configured partner of an id; undefined where none is served under it. */
export const configuredPartner = async (
  { store }: Pick<OpenStore, 'store'>,
  id: string,
): Promise<Partner | undefined> => (await listPartners(store)).find((one) => one.id === id);

/** Goes over all that a partner could fetch, as its calls would, without reading any key. */
export async function servedNow(
  { store }: Pick<OpenStore, 'store'>,
  partner: Partner,
  { retention, clock }: { readonly retention: number; readonly clock: Clock },
): Promise<Served> {
  const profile = (await readStoreFormat(store))?.profile;
  const { findUnit } = unitsOfPartners(store, { retention, profile, clock });
  const now = await store.now();
  let served: Served = { partner, units: 0, first: undefined, until: unixMillis(0) };
  for (;;) {
    const found = await findUnit(partner, served.until);
    if (found.kind === 'not yet') return served;
    if (found.kind === 'available') {
      const { start, end } = found.unit;
      const first = served.first ?? start;
      served = { partner, units: served.units + 1, first, until: end };
    } else {
      if (found.to > now) return served;
      served = { ...served, until: found.to };
    }
  }
}

/** What a partner is served, in sentences. */
export function servedText({ partner, units, first, until }: Served): string {
  const { id, mode, issuer, subject, audience, from, thru } = partner;
  const lasts = `from ${instantText(from)} on${thru === undefined ? '' : ` until ${instantText(thru)}`}`;
  const lines = [
    `Partner ${id} is served ${mode}, ${lasts}: ${grantText(partner)}.`,
    `It has to come as ${subject}, with tokens of ${issuer} that are meant for ${audience}.`,
    first === undefined
      ? 'There is nothing that it could fetch now.'
      : `It can fetch ${counted(units, 'unit')} now, from ${instantText(first)} on. What comes after ${instantText(until)} is not closed or not settled.`,
  ];
  return `${lines.join('\n')}\n`;
}

function grantText(partner: Partner): string {
  const { includeRegions, excludeRegions, includeTravelers, onlyLocalProvenance } = partner;
  return [
    `keys of ${includeRegions.join(', ')}`,
    ...(excludeRegions.length > 0 ? [`none of ${excludeRegions.join(', ')}`] : []),
    includeTravelers ? 'and those of travelers' : 'not those of travelers from elsewhere',
    onlyLocalProvenance ? 'only what was uploaded here' : 'also what came from other servers',
  ].join(', ');
}

/** The same for machines. */
export const servedForMachines = ({ partner, units, first, until }: Served): object => ({
  partner: partner.id,
  ...{ mode: partner.mode, issuer: partner.issuer, subject: partner.subject },
  ...{ audience: partner.audience, includeRegions: partner.includeRegions },
  ...{ excludeRegions: partner.excludeRegions, includeTravelers: partner.includeTravelers },
  ...{ onlyLocalProvenance: partner.onlyLocalProvenance, units },
  first: first && instantText(first),
  until: first && instantText(until),
});
