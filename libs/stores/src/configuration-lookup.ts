import type { DocumentStore } from '@keyserver/docstore';
import {
  type AuthorizedApp,
  type FindApp,
  type FindAuthority,
  parseAppId,
} from '@keyserver/health-authority';
import type { ExportConfig, FindSigningKeys, ListExports } from '@keyserver/export-file';
import { appDocumentId } from './app-document-id.ts';
import { withLearnedKeys } from './authority-key-sets.ts';
import {
  appOf,
  authorityOf,
  authorizedApps,
  exportConfigOf,
  exportConfigs,
  healthAuthorities,
  signingKeyOf,
  signingKeys,
} from './configuration.ts';

/** Longest indexed text that every document store can look up. */
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

/** All apps that may publish. */
export async function listApps(
  store: Pick<DocumentStore, 'pages'>,
): Promise<readonly AuthorizedApp[]> {
  const apps: AuthorizedApp[] = [];
  for await (const page of store.pages(authorizedApps, {}))
    apps.push(...page.map(({ id, value }) => appOf(id, value)));
  return apps;
}

/** Looks authorities up by the issuer that a certificate names, letter for letter, with the keys that were learned from them. */
export function findAuthority(store: DocumentStore): FindAuthority {
  return async (issuer) => {
    if (!isSearchable(issuer)) return undefined;
    for await (const page of store.pages(healthAuthorities, { where: { issuer }, limit: 1 })) {
      for (const { id, value } of page) return await withLearnedKeys(store, authorityOf(id, value));
    }
    return undefined;
  };
}

/** Lists all exports that are configured, ended ones too. */
export function listExports(store: DocumentStore): ListExports {
  return async () => {
    const configs: ExportConfig[] = [];
    for await (const page of store.pages(exportConfigs, {}))
      configs.push(...page.map(({ id, value }) => exportConfigOf(id, value)));
    return configs;
  };
}

/** Looks signing keys up by their ids. */
export function findSigningKeys(store: DocumentStore): FindSigningKeys {
  return async (ids) => {
    const wanted = [...new Set(ids)];
    const stored = await store.get(signingKeys, wanted);
    return wanted.flatMap((id, n) => {
      const found = stored[n];
      return found === undefined ? [] : [signingKeyOf(id, found)];
    });
  };
}
