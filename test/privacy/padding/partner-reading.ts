import type { DocumentStore } from '@keyserver/docstore';
import { keyHex, unpackRecords } from '@keyserver/exposure-keys';
import { type Partner, type ReadUnit, type Unit, isWithin } from '@keyserver/federation';
import { paddedUnits, readPlans } from '@keyserver/stores';
import { DAY, unixMillis } from '@keyserver/time';
import type { KeySet } from './differences.ts';

/** The keys of a unit. */
export interface ReadUnitKeys extends KeySet {
  /** Whether the day was planned to give this partner no keys of other servers. */
  readonly isLocalOnly: boolean;
}

/** What a partner has read, as it stands now. */
export interface PartnerReading {
  readonly partner: Partner;
  /** Where it goes on, ms. */
  next: number;
  readonly units: ReadUnitKeys[];
}

const RETENTION = 14 * DAY;

/** A partner reads every unit that is available for it and that it has not read. */
export async function readNewUnits(store: DocumentStore, reading: PartnerReading): Promise<void> {
  const { partner, units } = reading;
  const { findUnit, readUnit } = paddedUnits(store, { retention: RETENTION, span: DAY });
  for (;;) {
    const found = await findUnit(partner, unixMillis(reading.next));
    if (found.kind === 'not yet') return;
    if (found.kind === 'nothing') {
      if (found.to > (await store.now())) return;
      reading.next = found.to;
      continue;
    }
    // Any call is filtered by the grant in force; what is padded is given only while that reaches as far.
    if (!isWithin(found.unit.grant, partner)) throw new Error('a unit reaches beyond its grant');
    const floor = await floorOn(store, partner, found.unit);
    const keys = await primariesOf(readUnit(found.unit));
    units.push({ floor, keys, isLocalOnly: found.unit.grant.onlyLocalProvenance });
    reading.next = found.unit.end;
  }
}

/** The floor that the day of a unit was planned with. */
async function floorOn(store: DocumentStore, { id }: Partner, { start }: Unit): Promise<number> {
  const { partners } = await readPlans(store, DAY)(start);
  const planned = partners.find((one) => one.id === id);
  if (planned === undefined) throw new Error('a unit is served that was not planned');
  return planned.minRecords;
}

async function primariesOf(pages: ReturnType<ReadUnit>): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const page of pages)
    for (const { records } of page.filter(({ kind }) => kind === 'primary'))
      keys.push(...unpackRecords(records).map(({ data }) => keyHex(data)));
  return keys;
}
