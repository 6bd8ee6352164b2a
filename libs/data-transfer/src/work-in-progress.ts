import type { DocumentStore } from '@keyserver/docstore';
import { exportBatches, leases, partnerUnits } from '@keyserver/stores';

/** What is at work in a store: a sentence about the first lease that somebody holds; undefined when nobody does. */
export async function workInProgress(store: DocumentStore): Promise<string | undefined> {
  const now = await store.now();
  for await (const page of store.pages(leases, {}))
    for (const { id, value } of page)
      if (value.expiresAt > now) return sentence(`the job ${id}`, value.expiresAt);
  const open = { where: { state: 'open' }, order: { by: 'end' } } as const;
  for await (const page of store.pages(exportBatches, open))
    for (const { id, value } of page)
      if (value.leaseExpires > now) return sentence(`the batch ${id}`, value.leaseExpires);
  for await (const page of store.pages(partnerUnits, open))
    for (const { id, value } of page)
      if (value.leaseExpires > now) return sentence(`the unit ${id}`, value.leaseExpires);
  return undefined;
}

const sentence = (what: string, until: number): string =>
  `${what} is leased until ${new Date(until).toISOString()}: stop the services, and wait until then if one was killed`;

/** A batch whose files are made but not in their index, where whoever copies what is listed would miss them. */
export async function unlistedBatch(store: DocumentStore): Promise<string | undefined> {
  const query = { where: { state: 'stored' }, order: { by: 'end' }, limit: 1 } as const;
  for await (const page of store.pages(exportBatches, query))
    for (const { id } of page)
      return `the files of the batch ${id} are not in their index yet: let the export finish them first`;
  return undefined;
}
