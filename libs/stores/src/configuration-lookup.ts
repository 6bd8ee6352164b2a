import type { DocumentStore } from '@keyserver/docstore';
import type { FindApp, FindAuthority } from '@keyserver/health-authority';
import { appOf, authorityOf, authorizedApps, healthAuthorities } from './configuration.ts';

/** Longest document id and longest indexed text that every engine can look up. */
const MAX_BYTES = 1500;

const isSearchable = (text: string): boolean =>
  text !== '' && Buffer.byteLength(text) <= MAX_BYTES && !/\p{Cs}/u.test(text);

const isDocumentId = (text: string): boolean =>
  isSearchable(text) && !text.includes('/') && !/^(\.\.?|__.*__)$/su.test(text);

/**
 * Looks applications up by what a phone sent. A text that no document can have as its id belongs to nobody; asking an
 * engine for it would be a fault where the phone deserves a refusal.
 */
export function findApp(store: DocumentStore): FindApp {
  return async (sent) => {
    const id = sent.toLowerCase();
    if (!isDocumentId(id)) return undefined;
    const [stored] = await store.get(authorizedApps, [id]);
    return stored === undefined ? undefined : appOf(id, stored);
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
