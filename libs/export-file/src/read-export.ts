import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { type Entry, type ZipFile, fromBufferPromise } from 'yauzl';
import {
  type WireExport,
  type WireKey,
  type WireSignature,
  decodeExport,
  decodeSignatures,
} from './decode.ts';
import { Findings } from './violation.ts';
import { BIN_ENTRY, SIG_ENTRY } from './archive.ts';
import { MAX_BIN_BYTES, MAX_SIG_BYTES } from './file-bounds.ts';

/** The keys that an archive lists. */
export interface ListedKeys {
  readonly keys: readonly WireKey[];
  readonly revisedKeys: readonly WireKey[];
}

/** The keys of an archive as a phone would match them, unjudged; undefined when it cannot be read. */
export async function readKeys(zip: Uint8Array): Promise<ListedKeys | undefined> {
  const { contents } = await readExport(zip, new Findings());
  return contents && { keys: contents.keys, revisedKeys: contents.revisedKeys };
}

/** What could be read of an archive. */
export interface ReadExport {
  readonly bin: Uint8Array | undefined;
  readonly contents: WireExport | undefined;
  readonly signatures: readonly WireSignature[] | undefined;
}

/** Unpacks and decodes an archive. What cannot be read is left out, with a finding. */
export async function readExport(zip: Uint8Array, findings: Findings): Promise<ReadExport> {
  const { bin, sig } = await readArchive(zip, findings);
  const contents = bin === undefined ? undefined : decodeExport(bin);
  const signatures = sig === undefined ? undefined : decodeSignatures(sig);
  findings.require(sig === undefined || signatures !== undefined, 'sig_unparsable');
  if (typeof contents !== 'string') return { bin, contents, signatures };
  findings.add(contents);
  return { bin, contents: undefined, signatures };
}

/** The unpacked entries of an archive, as far as they could be read. */
interface ArchiveEntries {
  readonly bin: Buffer | undefined;
  readonly sig: Buffer | undefined;
}

/** What claims to be larger is there to fill memory. */
const MAX_BYTES = new Map([
  [BIN_ENTRY, MAX_BIN_BYTES],
  [SIG_ENTRY, MAX_SIG_BYTES],
]);
const MAX_ENTRIES = 16;

/** Unpacks an archive with bounded memory. Whatever the bytes are, the answer comes as findings, never as a throw. */
export async function readArchive(zip: Uint8Array, findings: Findings): Promise<ArchiveEntries> {
  const entries = new Map<string, Buffer | undefined>();
  try {
    await readEntries(zip, entries, findings);
  } catch {
    findings.add('archive_unreadable');
  }
  for (const name of MAX_BYTES.keys()) findings.require(entries.has(name), 'missing_entry');
  return { bin: entries.get(BIN_ENTRY), sig: entries.get(SIG_ENTRY) };
}

/** The export.bin of an archive; undefined when it cannot be read. */
export async function readExportBin(zip: Uint8Array): Promise<Uint8Array | undefined> {
  return (await readArchive(zip, new Findings())).bin;
}

async function readEntries(
  zip: Uint8Array,
  entries: Map<string, Buffer | undefined>,
  findings: Findings,
): Promise<void> {
  const bytes = Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength);
  // Names are checked here: the library would stop at an unsafe one, and says so in words only.
  const file = await fromBufferPromise(bytes, { decodeStrings: false, autoClose: false });
  let seen = 0;
  for await (const entry of file.eachEntry()) {
    if (++seen > MAX_ENTRIES) return;
    const name = entry.fileNameRaw.toString('latin1');
    if (!mayRead(name, entries, findings)) continue;
    entries.set(name, await readEntry(file, entry, findings));
  }
}

function mayRead(name: string, entries: ReadonlyMap<string, unknown>, findings: Findings): boolean {
  if (name.split(/[/\\]/).includes('..')) findings.add('unsafe_entry_name');
  if (!MAX_BYTES.has(name)) findings.add('unexpected_entry');
  else if (entries.has(name)) findings.add('duplicate_entry');
  else return true;
  return false;
}

async function readEntry(
  file: ZipFile,
  entry: Entry,
  findings: Findings,
): Promise<Buffer | undefined> {
  const name = entry.fileNameRaw.toString('latin1');
  if (entry.uncompressedSize > (MAX_BYTES.get(name) ?? 0)) {
    findings.add('entry_too_large');
    return undefined;
  }
  try {
    const local = await file.readLocalFileHeaderPromise(entry);
    findings.require(local.fileName.equals(entry.fileNameRaw), 'ambiguous_entry');
    const content = await buffer(await file.openReadStreamPromise(entry));
    if (crc32(content) === entry.crc32) return content;
  } catch {
    // The reason is in the archive's bytes, so it would be text of its maker's choosing.
  }
  findings.add('entry_corrupt');
  return undefined;
}
