import { type DocumentOf, collection, int, json, text } from '@keyserver/docstore';
import type { Partner, PartnerUnit } from '@keyserver/federation';
import { SECOND, type UnixMillis, unixMillis } from '@keyserver/time';
import { JOB_GRACE } from './job-grace.ts';
import { storedPartner } from './partners.ts';

const fields = {
  partner: text(),
  state: text<PartnerUnit['state']>(),
  start: int(),
  end: int(),
  fence: int(),
  holder: text(),
  leaseExpires: int(),
  settings: json(storedPartner),
  expireAt: int(),
};

/** A unit as it is stored. */
export type UnitDocument = DocumentOf<typeof fields>;

/** Units of padded partners by `<partner>-<start>-<end>` in seconds. The indexes lead to what is open. */
export const partnerUnits = collection({
  name: 'partnerUnits',
  fields,
  indexes: [['partner', 'state', 'end'], ['state', 'end'], ['expireAt']],
  expiry: 'expireAt',
  grace: JOB_GRACE,
});

/** A span of time. */
interface Span {
  readonly start: UnixMillis;
  readonly end: UnixMillis;
}

/** The document id of a unit: a partner has one unit for one span. */
export const unitId = (partner: string, { start, end }: Span): string =>
  `${partner}-${start / SECOND}-${end / SECOND}`;

/** A new unit, with a copy of its partner as the day was planned with it. */
export const openUnit = (
  partner: Partner,
  { start, end }: Span,
  expireAt: number,
): UnitDocument => ({
  ...{ partner: partner.id, state: 'open', start, end },
  ...{ fence: 0, holder: '', leaseExpires: 0, settings: partner, expireAt },
});

/** The unit of a stored document. */
export const unitOf = (id: string, stored: UnitDocument): PartnerUnit => ({
  id,
  partner: stored.settings,
  start: unixMillis(stored.start),
  end: unixMillis(stored.end),
  state: stored.state,
  fence: stored.fence,
  leaseExpires: unixMillis(stored.leaseExpires),
});

/** How far each padded partner has been cut into units; outlives them. */
export const partnerProgress = collection({
  name: 'partnerProgress',
  fields: { coveredUntil: int() },
});
