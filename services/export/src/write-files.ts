import {
  ARCHIVE_HEADERS,
  type BlobStore,
  type ExportContents,
  type ExportFile,
  type NamedSigner,
  type OpenBucket,
  archiveName,
  encodeExport,
  signExport,
  writeArchive,
} from '@keyserver/export-file';
import { type FrozenBatch, contentsOf, digestOf } from './batch-contents.ts';

/** The files of a batch, or that one of their names already has another content. */
export type FilesWritten =
  | { readonly kind: 'written'; readonly files: readonly ExportFile[] }
  | { readonly kind: 'name_taken' };

interface Target {
  readonly bucket: BlobStore;
  readonly name: string;
  readonly signers: readonly NamedSigner[];
  readonly signal: AbortSignal;
}

/** Writes every file of a frozen batch. What an earlier try has written already is kept; nothing is ever replaced. */
export async function writeFiles(
  { openBucket }: { readonly openBucket: OpenBucket },
  frozenBatch: FrozenBatch,
  signal: AbortSignal,
): Promise<FilesWritten> {
  const { batch, signers } = frozenBatch;
  const { config } = batch;
  const bucket = openBucket(config.bucket);
  const files: ExportFile[] = [];
  for (const contents of contentsOf(frozenBatch)) {
    signal.throwIfAborted();
    const name = archiveName(config.filenameRoot, batch, files.length + 1);
    const digest = await writeFile(contents, { bucket, name, signers, signal });
    if (digest === undefined) return { kind: 'name_taken' };
    files.push({
      name,
      digest,
      keys: contents.keys.order.length + contents.revisedKeys.order.length,
    });
  }
  return { kind: 'written', files };
}

/** The digest of the file's export.bin once the file is there; undefined when something else is. */
async function writeFile(contents: ExportContents, target: Target): Promise<string | undefined> {
  const { bucket, name, signal } = target;
  const existing = await bucket.find(name);
  if (existing === undefined) {
    const { digest, sig } = await signExport(encodeExport(contents), target.signers);
    // Encoded once more instead of kept: a file may be larger than what a worker should hold.
    const archive = whileWanted(
      writeArchive(() => encodeExport(contents), sig),
      signal,
    );
    const headers = { ...ARCHIVE_HEADERS, digest };
    const put = await bucket.put(name, archive, { headers, expected: 'absent' });
    if (put !== 'conflict') return digest;
  }
  const found = existing ?? (await bucket.find(name));
  const digest = digestOf(encodeExport(contents));
  return found?.digest === digest ? digest : undefined;
}

async function* whileWanted(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    yield piece;
  }
}
