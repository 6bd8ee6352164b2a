import type { DocumentStore } from '@keyserver/docstore';
import type { ExportConfig } from '@keyserver/export-file';
import { listExports } from './configuration-lookup.ts';
import { exportVersions } from './padding-documents.ts';

/** Where an export publishes, or did. */
export type ExportPlace = Pick<ExportConfig, 'id' | 'bucket' | 'filenameRoot'>;

/** All places of all exports, ended ones too, as far back as their versions go; each once. */
export async function exportPlaces(store: DocumentStore): Promise<readonly ExportPlace[]> {
  const configs: ExportConfig[] = [...(await listExports(store)())];
  for await (const page of store.pages(exportVersions, {}))
    configs.push(...page.map(({ value }) => value.settings));
  const places = new Map<string, ExportPlace>();
  for (const { id, bucket, filenameRoot } of configs)
    places.set(JSON.stringify([id, bucket, filenameRoot]), { id, bucket, filenameRoot });
  return [...places.values()];
}
