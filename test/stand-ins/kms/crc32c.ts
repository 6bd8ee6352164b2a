const POLYNOMIAL = 0x82f63b78;

/** CRC32C (Castagnoli), bit by bit: on purpose another way than the server computes it, so that neither hides a mistake of the other. */
export function crc32cOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * POLYNOMIAL);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
