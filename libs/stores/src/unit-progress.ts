import type { DocumentStore } from '@keyserver/docstore';
import type { PartnerUnit } from '@keyserver/federation';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { partnerProgress, partnerUnits, unitOf } from './partner-unit-document.ts';

/** How far the work on a padded partner has come. */
export interface UnitProgress {
  readonly coveredUntil: UnixMillis | undefined;
  /** The oldest unit that is not settled. */
  readonly open: PartnerUnit | undefined;
}

/** Reads how far the work on a padded partner has come. */
export async function unitProgress(store: DocumentStore, partner: string): Promise<UnitProgress> {
  const [progress] = await store.get(partnerProgress, [partner]);
  const query = { where: { partner, state: 'open' }, order: { by: 'end' }, limit: 1 } as const;
  let open: PartnerUnit | undefined;
  for await (const page of store.pages(partnerUnits, query))
    for (const { id, value } of page) open ??= unitOf(id, value);
  const coveredUntil = progress === undefined ? undefined : unixMillis(progress.coveredUntil);
  return { coveredUntil, open };
}
