import type { DocumentStore } from '@keyserver/docstore';
import { type FindApp, type FindAuthority, parseAppId } from '@keyserver/health-authority';
import { appDocumentId } from './app-document-id.ts';
import { appOf, authorityOf, authorizedApps, healthAuthorities } from './configuration.ts';

/** Longest indexed text that every engine can look up. */
const MAX_BYTES = 1500;

const isSearchable = (text: string): boolean =>
  text !== '' && Buffer.byteLength(text) <= MAX_BYTES && !/\p{Cs}/u.test(text);

/** Looks applications up by what a phone sent. A text that is no app id belongs to nobody. */
export function findApp(store: DocumentStore): FindApp {
  return async (sent) => {
    const id = parseAppId(sent);
    if (id === undefined) return undefined;
    const documentId = appDocumentId(id);
    const [stored] = await store.get(authorizedApps, [documentId]);
    return stored === undefined ? undefined : appOf(documentId, stored);
  };
}

/** Looks authorities up by the issuer that a certificate names, letter for letter. */
export function findAuthority(store: DocumentStore): FindAuthority {
  return async (issuer) => {
    if (!isSearchable(issuer)) return undefined;
    for await (const page of store.pages(healthAuthorities, { where: { issuer }, limit: 1 })) {
      for (const { id, value } of page) return authorityOf(id, value);
    }
    return undefined;
  };
}
