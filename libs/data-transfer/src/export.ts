import { type FileHandle, open } from 'node:fs/promises';
import type { Collection, DocumentStore } from '@keyserver/docstore';
import type { Random } from '@keyserver/random';
import { movedCollections, readStoreFormat } from '@keyserver/stores';
import { type HearRead, type Survey, headerOf, payloadsOf, survey } from './collection-file.ts';
import { beginExport, discardExport, finishExport, recordsFile } from './directory.ts';
import { type Manifest, movedFormatOf } from './manifest.ts';
import { FrameReader, documentIdOf, frameOf, isLiveAt, payloadOf } from './record.ts';
import { type Refused, refused, refusing, explainFileError } from './unusable-export.ts';
import {
  type Difference,
  PAGE,
  comparedAfter,
  differencesFrom,
  formatDifference,
} from './verify.ts';
import { unlistedBatch, workInProgress } from './work-in-progress.ts';

/** Where an export goes, and what the operator calls the store that it comes from. */
interface ExportRequest {
  readonly directory: string;
  readonly source: string;
  readonly random: Random;
  /** Told the id of the export, the same one however often it goes on, before anything is read. */
  readonly begun?: (exportId: string) => Promise<void>;
  /** Told after every page how many documents of a collection this run has written. */
  readonly wrote?: (collection: string, documents: number) => void;
  readonly read?: HearRead;
}

/** How an export ended. `changed`: somebody wrote to the store meanwhile, and the files were deleted. */
export type ExportOutcome =
  | { readonly kind: 'exported'; readonly manifest: Manifest }
  | { readonly kind: 'changed'; readonly differences: readonly Difference[] }
  | Refused;

/**
 * Writes everything that a store holds into the files of a directory. After it was killed it can be run again, and goes on.
 * No store gives a snapshot that lasts this long, so the store is read a second time: what is the same both times was
 * there at the moment between them.
 */
export async function exportData(
  store: DocumentStore,
  request: ExportRequest,
): Promise<ExportOutcome> {
  const busy = (await workInProgress(store)) ?? (await unlistedBatch(store));
  if (busy !== undefined) return refused(busy);
  return await refusing(async () => {
    const { directory } = request;
    const exportId = await beginExport(directory, request);
    await request.begun?.(exportId);
    const now = await store.now();
    for (const collection of movedCollections)
      await writeCollection(store, collection, { exportId, now, ...request });
    return await finish(store, exportId, request);
  });
}

async function finish(
  store: DocumentStore,
  exportId: string,
  { directory, source, read }: ExportRequest,
): Promise<ExportOutcome> {
  // Read before the documents are read again: a change of it after that leaves an audit entry, which these would show.
  const format = await readStoreFormat(store);
  const moved = format === undefined ? {} : { storeFormat: movedFormatOf(format) };
  const liveAt = comparedAfter(await store.now());
  const written: (Survey & { readonly name: string })[] = [];
  for (const collection of movedCollections) {
    const { name } = collection.layout;
    const as = { liveAt, buckets: new Map<string, string>(), read };
    const held = await survey(recordsFile(directory, name), { exportId, collection }, as);
    written.push({ name, ...held });
  }
  const live = new Map(written.map((file) => [file.name, file.live]));
  const differences = [
    ...(await differencesFrom(live, store, { liveAt, read })),
    ...(await formatDifference(moved.storeFormat, store)),
  ];
  if (differences.length > 0) {
    await discardExport(directory);
    return { kind: 'changed', differences };
  }
  const collections = written.map(({ live: _, ...file }) => file);
  const manifest = { exportId, source, storeTime: await store.now(), ...moved, collections };
  await finishExport(directory, manifest);
  return { kind: 'exported', manifest };
}

type Writing = ExportRequest & { readonly exportId: string; readonly now: number };

async function writeCollection<D extends object>(
  store: DocumentStore,
  collection: Collection<D>,
  { directory, exportId, now, wrote }: Writing,
): Promise<void> {
  const { name } = collection.layout;
  const path = recordsFile(directory, name);
  const file = await open(path, 'a', 0o600).catch(explainFileError(path));
  try {
    const after = await goOn(file, path, headerOf(exportId, collection.layout));
    let documents = 0;
    for await (const page of store.pages(collection, after, PAGE)) {
      const live = page.filter(({ value }) => isLiveAt(collection, value, now));
      await file.appendFile(
        Buffer.concat(live.map((found) => frameOf(payloadOf(collection, found)))),
      );
      documents += live.length;
      wrote?.(name, documents);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Cuts off what a killed run has left half written, and finds the document after which the store is to be read. */
async function goOn(
  file: FileHandle,
  path: string,
  header: Uint8Array,
): Promise<{ readonly after?: { readonly id: string } }> {
  const reader = new FrameReader();
  let frames = 0;
  let id = '';
  for await (const payload of payloadsOf(path, reader))
    if (frames++ > 0) id = documentIdOf(payload);
  await file.truncate(reader.read);
  if (frames === 0) await file.appendFile(frameOf(header));
  return frames > 1 ? { after: { id } } : {};
}
