import { collection, int, json, optional, text } from '@keyserver/docstore';
import type { ExportConfig } from '@keyserver/export-file';
import type { Partner } from '@keyserver/federation';
import type { Publisher } from '@keyserver/padding';
import { SECOND, type UnixMillis } from '@keyserver/time';
import { JOB_GRACE } from './job-grace.ts';
import { storedPartner } from './partners.ts';
import { storedExport } from './stored-export.ts';
import { array, integer, member, record, textOf } from './stored-json.ts';

/**
 * Exports as they are configured from a midnight on. An export that has not changed since the first plan has none: then the
 * configuration itself is its only version.
 */
export const exportVersions = collection({
  name: 'exportVersions',
  fields: { from: int(), settings: json(storedExport) },
});

/** The id of a version: an export, and a partner, has one from one midnight on. */
export const versionId = ({
  config,
  from,
}: {
  readonly config: { readonly id: string };
  readonly from: UnixMillis;
}): string => `${config.id}-${from / SECOND}`;

/**
 * Partners as they are configured from a midnight on, padded and fresh ones; that is what units of a day are given by, besides
 * the grant in force. A partner that was removed has a version that has ended.
 */
export const partnerVersions = collection({
  name: 'partnerVersions',
  fields: { partner: text(), from: int(), settings: json(storedPartner) },
  indexes: [['partner', 'from']],
});

/** The plans of days, by the midnight that begins them, such as 2026-01-31T00:00. Written once, by whoever needs one first. */
export const padPlans = collection({
  name: 'padPlans',
  fields: {
    exports: json((stored): readonly ExportConfig[] => array(stored).map(storedExport)),
    publishers: json((stored): readonly Publisher[] => array(stored).map(publisherOf)),
    // Plans of earlier versions have none.
    partners: optional(json((stored): readonly Partner[] => array(stored).map(storedPartner))),
    expireAt: int(),
  },
  indexes: [['expireAt']],
  expiry: 'expireAt',
  grace: JOB_GRACE,
});

/** The id of the plan that begins at a midnight. */
export const planId = (start: UnixMillis): string =>
  new Date(start).toISOString().slice(0, '2026-01-31T00:00'.length);

function publisherOf(stored: Parameters<typeof record>[0]): Publisher {
  const publisher = record(stored);
  const authority = member(publisher, 'authority');
  return {
    app: textOf(member(publisher, 'app')),
    regions: array(member(publisher, 'regions')).map(textOf),
    authority: authority === undefined ? undefined : authorityOf(record(authority)),
  };
}

const authorityOf = (stored: ReturnType<typeof record>): Publisher['authority'] => ({
  id: integer(member(stored, 'id')),
  name: textOf(member(stored, 'name')),
});

/** Cells that somebody began to count. Whoever takes keys out of a cell by hand must look whether it is here. */
export const padBegun = collection({
  name: 'padBegun',
  fields: { expireAt: int() },
  indexes: [['expireAt']],
  expiry: 'expireAt',
  grace: JOB_GRACE,
});

/** Settled cells: the attempt whose generated documents belong to each, and how many documents that is. */
export const padCells = collection({
  name: 'padCells',
  fields: { attempt: text(), documents: int(), expireAt: int() },
  indexes: [['expireAt']],
  expiry: 'expireAt',
  grace: JOB_GRACE,
});

/** Documents whose keys are revised, or were about to be; of generated ones each is revised at most once. The id is the document's. */
export const padRevised = collection({
  name: 'padRevised',
  fields: { expireAt: int() },
  expiry: 'expireAt',
});
