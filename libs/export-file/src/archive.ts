import { Readable } from 'node:stream';
import { constants } from 'node:zlib';
import { secondsOf } from '@keyserver/time';
import { ZipArchive } from 'archiver';
import type { ExportBatch } from './export-batch.ts';

// The same fault ends the loop that reads the pieces.
const ignoreHere = (): void => undefined;

/** Names of the two entries of an archive, in their order. */
export const BIN_ENTRY = 'export.bin';
export const SIG_ENTRY = 'export.sig';

/** The earliest date that a zip can state: the date of making would say when the batch was worked on. */
const ENTRY_DATE = new Date(Date.UTC(1980, 0, 1));
const FILE_DIGITS = 5;

/**
 * The zip that phones download, in pieces, made only as fast as it is read. `bin` must give the bytes that `sig` signs.
 */
export async function* writeArchive(
  bin: () => Iterable<Uint8Array>,
  sig: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  const archive = new ZipArchive({ zlib: { level: constants.Z_DEFAULT_COMPRESSION } });
  const source = Readable.from(bin(), { objectMode: false });
  // The archive does not watch what it reads from: without this a fault there would leave it waiting.
  source.once('error', (error) => archive.destroy(error));
  try {
    archive.append(source, { name: BIN_ENTRY, date: ENTRY_DATE });
    archive.append(Buffer.from(sig), { name: SIG_ENTRY, date: ENTRY_DATE });
    const finished = archive.finalize();
    finished.catch(ignoreHere);
    const pieces: AsyncIterable<Uint8Array> = archive;
    yield* pieces;
  } finally {
    source.destroy();
    archive.destroy();
  }
}

/** Object name of file `n`, from 1, of a batch. Sorts by time; each attempt has its own names. */
export function archiveName(
  filenameRoot: string,
  batch: Pick<ExportBatch, 'start' | 'end' | 'attempt'>,
  n: number,
): string {
  const start = secondsOf(batch.start) + batch.attempt;
  const end = secondsOf(batch.end) + batch.attempt;
  return `${filenameRoot}/${start}-${end}-${String(n).padStart(FILE_DIGITS, '0')}.zip`;
}
