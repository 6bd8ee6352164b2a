import { type FileHandle, open } from 'node:fs/promises';
import type { Collection, DocumentStore } from '@keyserver/docstore';
import type { Random } from '@keyserver/random';
import { movedCollections, readStoreFormat } from '@keyserver/stores';
import {
  type Difference,
  PAGE,
  comparedAfter,
  differencesFrom,
  formatDifference,
} from './data-differences.ts';
import { beginExport, discardExport, finishExport, recordsFile } from './data-directory.ts';
import { type Survey, headerOf, payloadsOf, survey } from './data-file.ts';
import type { Manifest } from './data-manifest.ts';
import { FrameReader, documentIdOf, frameOf, payloadOf } from './data-record.ts';
import { isLiveAt } from './data-tally.ts';
import { sentenceOfFile } from './file-fault.ts';
import { movedFormatOf } from './moved-format.ts';
import { type Refused, refused, refusing } from './unusable-export.ts';
import { unlistedBatch, workInProgress } from './work-in-progress.ts';

/** Where an export goes, and what the operator calls the store that it comes from. */
export interface ExportRequest {
  readonly directory: string;
  readonly source: string;
  readonly random: Random;
  /** Told after every page how many documents of a collection this run has written. */
  readonly wrote?: (collection: string, documents: number) => void;
}

/** What became of an export. After `changed` nothing is left of it: somebody wrote to the store meanwhile. */
export type ExportOutcome =
  | { readonly kind: 'exported'; readonly manifest: Manifest }
  | { readonly kind: 'changed'; readonly differences: readonly Difference[] }
  | Refused;

/**
 * Writes everything of a store into the files of a directory; run again after it was killed, it goes on. No engine gives
 * a snapshot that lasts this long, so the store is read a second time: what is the same both times stood there at the
 * moment between them.
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
    const now = await store.now();
    for (const of of movedCollections)
      await writeCollection(store, of, { exportId, now, ...request });
    return await finish(store, exportId, request);
  });
}

async function finish(
  store: DocumentStore,
  exportId: string,
  { directory, source }: ExportRequest,
): Promise<ExportOutcome> {
  // Read before the documents are read again: a change of it after that leaves an audit entry, which these would show.
  const format = await readStoreFormat(store);
  const moved = format === undefined ? {} : { storeFormat: movedFormatOf(format) };
  const liveAt = comparedAfter(await store.now());
  const written: (Survey & { readonly name: string })[] = [];
  for (const of of movedCollections) {
    const { name } = of.layout;
    const as = { liveAt, buckets: new Map<string, string>() };
    const held = await survey(recordsFile(directory, name), { exportId, of }, as);
    written.push({ name, ...held });
  }
  const live = new Map(written.map((file) => [file.name, file.live]));
  const differences = [
    ...(await differencesFrom(live, store, liveAt)),
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
  of: Collection<D>,
  { directory, exportId, now, wrote }: Writing,
): Promise<void> {
  const { name } = of.layout;
  const path = recordsFile(directory, name);
  const file = await open(path, 'a', 0o600).catch(sentenceOfFile(path));
  try {
    const after = await goOn(file, path, headerOf(exportId, of.layout));
    let documents = 0;
    for await (const page of store.pages(of, after, PAGE)) {
      const live = page.filter(({ value }) => isLiveAt(of, value, now));
      await file.appendFile(Buffer.concat(live.map((found) => frameOf(payloadOf(of, found)))));
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
