import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Collection, Found, Layout } from '@keyserver/docstore';
import { type BucketNames, withBucketNames } from './bucket-names.ts';
import { FORMAT } from './data-manifest.ts';
import { FrameReader, documentOf, payloadOf } from './data-record.ts';
import { type Tally, TallyKeeper, isLiveAt } from './data-tally.ts';
import { sentenceOfFile } from './file-fault.ts';
import { UnusableExport } from './unusable-export.ts';

const MOST_PIECE_BYTES = 1 << 20;

/** The first payload of a file: whose it is, and which fields its documents have. */
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

/** Whose file it must be. */
export interface Belonging<D extends object> {
  readonly exportId: string;
  readonly of: Collection<D>;
}

/** A document of a file, and its bytes there. */
export type Recorded<D> = Found<D> & { readonly payload: Uint8Array };

/** The documents of a finished file. Throws UnusableExport when it is not what it should be. */
export async function* documentsOf<D extends object>(
  path: string,
  { exportId, of }: Belonging<D>,
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
      checkHeader(payload, path, { exportId, of });
    } else yield recordedOf(of, payload, path);
  }
  if (header === undefined || reader.read !== bytes)
    throw new UnusableExport(`${basename(path)} is damaged after ${reader.read} bytes`);
}

function recordedOf<D extends object>(
  of: Collection<D>,
  payload: Uint8Array,
  path: string,
): Recorded<D> {
  const document = documentIn(of, payload);
  // What this version would not write in the same way it has not understood.
  if (document === undefined || Buffer.compare(payloadOf(of, document), payload) !== 0)
    throw new UnusableExport(`${basename(path)} has a document that this version cannot read`);
  return { ...document, payload };
}

function documentIn<D extends object>(
  of: Collection<D>,
  payload: Uint8Array,
): Found<D> | undefined {
  try {
    return documentOf(of, payload);
  } catch {
    return undefined;
  }
}

function checkHeader<D extends object>(
  payload: Uint8Array,
  path: string,
  { exportId, of: { layout } }: Belonging<D>,
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
  throw new UnusableExport(
    foreign
      ? `${basename(path)} does not belong to this export`
      : `${basename(path)} was written by another version of this program, with other fields`,
  );
}

/** What a file holds: all of it, and what a store that took it must have. */
export interface Survey extends Tally {
  readonly bytes: number;
  readonly sha256: string;
  readonly live: Tally;
}

/** Which documents of a file are compared with a store, and what their buckets are called there. */
export interface Comparison {
  readonly liveAt: number;
  readonly buckets: BucketNames;
}

/** Reads a finished file from end to end. Throws UnusableExport when it is not what it should be. */
export async function survey<D extends object>(
  path: string,
  belonging: Belonging<D>,
  { liveAt, buckets }: Comparison,
): Promise<Survey> {
  const { of } = belonging;
  const hash = createHash('sha256');
  const all = new TallyKeeper();
  const live = new TallyKeeper();
  let bytes = 0;
  const documents = documentsOf(path, belonging, (piece) => {
    bytes += piece.length;
    hash.update(piece);
  });
  try {
    for await (const { id, value, payload } of documents) {
      all.add(payload);
      if (!isLiveAt(of, value, liveAt)) continue;
      const there = withBucketNames(of, value, buckets);
      live.add(there === value ? payload : payloadOf(of, { id, value: there }));
    }
  } catch (error) {
    if (error instanceof UnusableExport) throw error;
    return sentenceOfFile(path)(error);
  }
  return { ...all.tally(), bytes, sha256: hash.digest('hex'), live: live.tally() };
}
