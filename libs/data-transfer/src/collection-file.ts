import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Collection, Found, Layout } from '@keyserver/docstore';
import { exportBatches, exportConfigs } from '@keyserver/stores';
import { FORMAT } from './manifest.ts';
import {
  FrameReader,
  type Tally,
  TallyBuilder,
  documentOf,
  isLiveAt,
  payloadOf,
} from './record.ts';
import { DataExportFault, explainFileError } from './unusable-export.ts';

const MOST_PIECE_BYTES = 1 << 20;

/** The first payload of a file: which export and collection it belongs to, and the fields of its documents. */
export const headerOf = (exportId: string, { name, fields }: Layout): Uint8Array =>
  Buffer.from(JSON.stringify({ ...FORMAT, exportId, collection: name, fields }));

/** The payloads of a file up to the first that is not whole and sound; `reader` tells how far that was. */
export async function* payloadsOf(
  path: string,
  reader: FrameReader,
  observe: (piece: Uint8Array) => void = ignore,
): AsyncGenerator<Uint8Array> {
  // Most files are small, and the stream allocates a whole piece for each read, the one at the end too.
  const { size } = await stat(path);
  const highWaterMark = Math.min(size + 1, MOST_PIECE_BYTES);
  const pieces: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark });
  for await (const piece of pieces) {
    observe(piece);
    yield* reader.push(piece);
  }
}

const ignore = (): void => undefined;

/** The export and the collection that a file must belong to. */
interface Belonging<D extends object> {
  readonly exportId: string;
  readonly collection: Collection<D>;
}

/** A document of a file, and its bytes there. */
export type Recorded<D> = Found<D> & { readonly payload: Uint8Array };

/** The documents of a finished file. Throws DataExportFault when it is not what it should be. */
export async function* documentsOf<D extends object>(
  path: string,
  { exportId, collection }: Belonging<D>,
  observe?: (piece: Uint8Array) => void,
): AsyncGenerator<Recorded<D>> {
  const reader = new FrameReader();
  let bytes = 0;
  let header: Uint8Array | undefined;
  const payloads = payloadsOf(path, reader, (piece) => {
    bytes += piece.length;
    observe?.(piece);
  });
  for await (const payload of payloads) {
    if (header === undefined) {
      header = payload;
      checkHeader(payload, path, { exportId, collection });
    } else yield recordedOf(collection, payload, path);
  }
  if (header === undefined || reader.read !== bytes)
    throw new DataExportFault(`${basename(path)} is damaged after ${reader.read} bytes`);
}

function recordedOf<D extends object>(
  collection: Collection<D>,
  payload: Uint8Array,
  path: string,
): Recorded<D> {
  const document = documentIn(collection, payload);
  // If this version would write the document differently, it has not understood it.
  if (document === undefined || Buffer.compare(payloadOf(collection, document), payload) !== 0)
    throw new DataExportFault(`${basename(path)} has a document that this version cannot read`);
  return { ...document, payload };
}

function documentIn<D extends object>(
  collection: Collection<D>,
  payload: Uint8Array,
): Found<D> | undefined {
  try {
    return documentOf(collection, payload);
  } catch {
    return undefined;
  }
}

function checkHeader<D extends object>(
  payload: Uint8Array,
  path: string,
  { exportId, collection: { layout } }: Belonging<D>,
): void {
  const stated = Buffer.from(payload).toString();
  // Fields are only ever added, at the end and optional, so an older file states the first of ours.
  const possible = layout.fields.map((_, n) => ({
    header: headerOf(exportId, { ...layout, fields: layout.fields.slice(0, n + 1) }),
    readable: layout.fields.slice(n + 1).every(({ optional }) => optional),
  }));
  const readable = possible.some(
    ({ header, readable: fits }) => fits && Buffer.from(header).toString() === stated,
  );
  if (readable) return;
  const foreign = !stated.includes(`"exportId":"${exportId}","collection":"${layout.name}"`);
  throw new DataExportFault(
    foreign
      ? `${basename(path)} does not belong to this export`
      : `${basename(path)} was written by another version of this program, with other fields`,
  );
}

/** What a file holds: all its documents, and those that a store which imported it must have. */
export interface Survey extends Tally {
  readonly bytes: number;
  readonly sha256: string;
  readonly live: Tally;
}

/** Which documents of a file are compared with a store, and what their buckets are called there. */
export interface Comparison {
  readonly liveAt: number;
  readonly buckets: BucketNames;
  readonly read?: HearRead | undefined;
}

/** Hears, now and then while a file or a store is read to be compared, how many documents of a collection were read. */
export type HearRead = (collection: string, documents: number) => void;

/** Reads a finished file from end to end. Throws DataExportFault when it is not what it should be. */
export async function survey<D extends object>(
  path: string,
  belonging: Belonging<D>,
  { liveAt, buckets, read }: Comparison,
): Promise<Survey> {
  const { collection } = belonging;
  const hash = createHash('sha256');
  const all = new TallyBuilder();
  const live = new TallyBuilder();
  let bytes = 0;
  let documents = 0;
  const recorded = documentsOf(path, belonging, (piece) => {
    bytes += piece.length;
    hash.update(piece);
  });
  try {
    for await (const { id, value, payload } of recorded) {
      all.add(payload);
      read?.(collection.layout.name, (documents += 1));
      if (!isLiveAt(collection, value, liveAt)) continue;
      const there = withBucketNames(collection, value, buckets);
      live.add(there === value ? payload : payloadOf(collection, { id, value: there }));
    }
  } catch (error) {
    if (error instanceof DataExportFault) throw error;
    return explainFileError(path)(error);
  }
  return { ...all.tally(), bytes, sha256: hash.digest('hex'), live: live.tally() };
}

/** What buckets are called at the target, by their names at the source; others keep theirs. */
export type BucketNames = ReadonlyMap<string, string>;

/**
 * A document in which buckets have the target's names. Batches remember where their files are: a bucket that was only
 * renamed in the configuration would begin with an empty index, and phones would miss the files that they have not read.
 */
export function withBucketNames<D extends object>(
  { layout: { name }, codec }: Collection<D>,
  value: D,
  names: BucketNames,
): D {
  if (names.size === 0) return value;
  if (name === exportConfigs.layout.name) return { ...value, ...renamed(value, names) };
  if (name !== exportBatches.layout.name) return value;
  const settings = codec.read(value, 'settings');
  return typeof settings === 'object' && settings !== null
    ? { ...value, settings: { ...settings, ...renamed(settings, names) } }
    : value;
}

function renamed(holder: object, names: BucketNames): { readonly bucket?: string } {
  const bucket: unknown = 'bucket' in holder ? holder.bucket : undefined;
  const name = typeof bucket === 'string' ? names.get(bucket) : undefined;
  return name === undefined ? {} : { bucket: name };
}
