import type { DocumentStore } from '@keyserver/docstore';
import type { CutBatches } from '@keyserver/export-file';
import type { Partner } from '@keyserver/federation';
import { type CutOptions, type CutTarget, cutDays } from './cut-days.ts';
import {
  type UnitDocument,
  openUnit,
  partnerProgress,
  partnerUnits,
  unitId,
} from './partner-unit-document.ts';
import { versionsOfPartner } from './partner-versions.ts';
import { partnerOf, partners } from './partners.ts';

/** Cuts padded partners into units by the plans of days, one day in one transaction. */
export const cutUnits = (store: DocumentStore, options: CutOptions): CutBatches =>
  cutDays(store, options, UNITS);

const UNITS: CutTarget<Partner, UnitDocument> = {
  progress: partnerProgress,
  configured: async (tx, id) => {
    const [stored] = await tx.get(partners, [id]);
    return stored && { from: partnerOf(id, stored).from, period: stored.unit };
  },
  planned: ({ partners: planned }, id) => {
    const of = planned.find((partner) => partner.id === id);
    return of && { period: of.unit, of };
  },
  // While it is fresh, a partner has no units.
  versions: async (tx, id) =>
    (await versionsOfPartner(tx, id)).map((version) =>
      version.config.mode === 'padded' ? version : ended(version),
    ),
  documents: partnerUnits,
  documentId: unitId,
  open: openUnit,
};

const ended = <V extends { readonly config: Partner }>(version: V): V => ({
  ...version,
  config: { ...version.config, thru: version.config.from },
});
