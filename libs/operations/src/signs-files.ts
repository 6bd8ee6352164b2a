import type { DocumentStore } from '@keyserver/docstore';
import { signingKeys } from '@keyserver/stores';

/** Whether a key is declared as one that signs files, by the name that its keeper knows. Phones trust it, so it signs nothing else. */
export async function signsFiles(store: DocumentStore, signingKey: string): Promise<boolean> {
  for await (const page of store.pages(signingKeys, {}))
    if (page.some(({ value }) => value.signingKey === signingKey)) return true;
  return false;
}
