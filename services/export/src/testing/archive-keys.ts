import { inflateRawSync } from 'node:zlib';

const HEADER_BYTES = 16;

/** The bytes of export.bin, the first entry of an archive. */
export function binOf(zip: Uint8Array): Buffer {
  const bytes = Buffer.from(zip);
  const data = 30 + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
  return inflateRawSync(bytes.subarray(data));
}

/** A field of a message: what it holds, its length left out. */
export interface Field {
  readonly number: number;
  readonly content: Buffer;
}

/** The fields of a message, in their order. */
export function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const from = at;
    if (tag % 8 === 1) at += 8;
    else if (tag % 8 === 0) varint();
    else {
      const length = varint();
      yield { number: tag >> 3, content: message.subarray(at, at + length) };
      at += length;
      continue;
    }
    yield { number: tag >> 3, content: message.subarray(from, at) };
  }
}

/** The keys that an archive lists, in hex and in its order, read without the code under test. */
export function keysIn(zip: Uint8Array, list: 'keys' | 'revised' = 'keys'): readonly string[] {
  const wanted = list === 'keys' ? 7 : 8;
  return [...fieldsOf(binOf(zip).subarray(HEADER_BYTES))]
    .filter(({ number }) => number === wanted)
    .map(({ content }) => content.subarray(2, 18).toString('hex'));
}
