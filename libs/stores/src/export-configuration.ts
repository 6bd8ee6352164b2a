import type { DocumentStore } from '@keyserver/docstore';
import type { ExportConfig, FindSigningKeys, ListExports } from '@keyserver/export-file';
import { exportConfigOf, exportConfigs, signingKeyOf, signingKeys } from './configuration.ts';

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
