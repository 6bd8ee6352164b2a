import { crc32, deflateRawSync } from 'node:zlib';

/** An entry of a zip, with whatever lies about itself a test needs. */
export interface RawEntry {
  readonly name: string;
  readonly content: Uint8Array;
  /** The name in the entry's own header. */
  readonly localName?: string;
  /** The size that the headers claim. */
  readonly claimedSize?: number;
  readonly checksum?: number;
  /** 0 stored, 8 deflated; others exist in no reader. */
  readonly method?: number;
}

const STORED = 0;
const DEFLATED = 8;

/** A zip without any of the care that a library takes. Tests only. */
export function rawZip(entries: readonly RawEntry[]): Buffer {
  let files = Buffer.alloc(0);
  let directory = Buffer.alloc(0);
  for (const entry of entries) {
    const central = centralHeader(entry, files.length);
    const content = packed(entry);
    files = Buffer.concat([files, localHeader(entry), content]);
    directory = Buffer.concat([directory, central]);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(files.length, 16);
  return Buffer.concat([files, directory, end]);
}

const packed = ({ method = DEFLATED, content }: RawEntry): Uint8Array =>
  method === STORED ? content : deflateRawSync(content);

/** What both headers state, from the method of packing on. */
function statedBy(entry: RawEntry, name: string): Buffer {
  const stated = Buffer.alloc(22);
  stated.writeUInt16LE(entry.method ?? DEFLATED, 0);
  stated.writeUInt32LE(entry.checksum ?? crc32(entry.content), 6);
  stated.writeUInt32LE(packed(entry).length, 10);
  stated.writeUInt32LE(entry.claimedSize ?? entry.content.length, 14);
  stated.writeUInt16LE(name.length, 18);
  return stated;
}

function localHeader(entry: RawEntry): Buffer {
  const name = entry.localName ?? entry.name;
  const head = Buffer.from('504b030414000000', 'hex');
  return Buffer.concat([head, statedBy(entry, name), Buffer.from(name, 'latin1')]);
}

function centralHeader(entry: RawEntry, offset: number): Buffer {
  const head = Buffer.from('504b0102140014000000', 'hex');
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(offset, 10);
  return Buffer.concat([
    head,
    statedBy(entry, entry.name),
    tail,
    Buffer.from(entry.name, 'latin1'),
  ]);
}
