import { createHash } from 'node:crypto';

const REVERSED_CASTAGNOLI = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) {
    rest = (rest & 1) === 1 ? (rest >>> 1) ^ REVERSED_CASTAGNOLI : rest >>> 1;
  }
  return rest;
});

/** What Cloud Storage says of a content: both sums in base64, the CRC with its highest byte first. */
export interface Checksums {
  readonly crc32c: string;
  readonly md5Hash: string;
}

/** The checksums of a content, worked out apart from the client's own code so that the two check each other. */
export function checksumsOf(content: Uint8Array): Checksums {
  let crc = -1;
  for (const byte of content) crc = (TABLE[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  const sum = Buffer.alloc(4);
  sum.writeInt32BE(~crc);
  return {
    crc32c: sum.toString('base64'),
    md5Hash: createHash('md5').update(content).digest('base64'),
  };
}

/** The checksums that a request declares in its X-Goog-Hash header. */
export function declaredChecksums(header: string | string[] | undefined): Partial<Checksums> {
  const entries = [header ?? []].flat().flatMap((line) => line.split(','));
  const sumOf = (kind: string): string | undefined =>
    entries
      .find((entry) => entry.trim().startsWith(`${kind}=`))
      ?.trim()
      .slice(kind.length + 1);
  const [crc32c, md5Hash] = [sumOf('crc32c'), sumOf('md5')];
  return {
    ...(crc32c === undefined ? {} : { crc32c }),
    ...(md5Hash === undefined ? {} : { md5Hash }),
  };
}
