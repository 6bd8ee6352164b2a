import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Collection, type Found, MAX_DOCUMENT_BYTES } from '@keyserver/docstore';

/** Longest document id of any store, in bytes. */
const MAX_ID_BYTES = 1500;
const ID_LENGTH_BYTES = 2;

/** Length and checksum before each payload. */
const FRAME_BYTES = 8;
const MAX_PAYLOAD_BYTES = ID_LENGTH_BYTES + MAX_ID_BYTES + MAX_DOCUMENT_BYTES;

/**
 * A document as bytes that are the same whichever store it was read from: its id, then its fields as the codec writes
 * them. The members of JSON values are in order, and fields that are absent at the end take no bytes. So a document has the
 * same bytes after its collection was given more optional fields.
 */
export function payloadOf<D extends object>(
  collection: Collection<D>,
  { id, value }: Found<D>,
): Uint8Array {
  const body = collection.codec.encode(withSortedJson(collection, value));
  const absent = fieldsAbsentAtEnd(collection, value);
  const name = Buffer.from(id);
  const payload = Buffer.allocUnsafe(ID_LENGTH_BYTES + name.length + body.length - absent);
  payload.writeUInt16BE(name.length);
  payload.set(name, ID_LENGTH_BYTES);
  payload.set(body.subarray(0, body.length - absent), ID_LENGTH_BYTES + name.length);
  return payload;
}

/** The document of a payload; throws when it is none. */
export const documentOf = <D extends object>(
  collection: Collection<D>,
  payload: Uint8Array,
): Found<D> => ({
  id: documentIdOf(payload),
  value: collection.codec.decode(payload.subarray(bodyAt(viewOf(payload)))),
});

/** The id of the document of a payload. */
export function documentIdOf(payload: Uint8Array): string {
  const bytes = viewOf(payload);
  return bytes.toString('utf8', ID_LENGTH_BYTES, bodyAt(bytes));
}

const bodyAt = (payload: Buffer): number => ID_LENGTH_BYTES + payload.readUInt16BE();

/** The codec marks an absent field with one byte. */
function fieldsAbsentAtEnd<D extends object>({ layout, codec }: Collection<D>, value: D): number {
  const last = layout.fields.findLastIndex(({ name }) => codec.read(value, name) !== undefined);
  return layout.fields.length - 1 - last;
}

// What was stored, and a store that keeps JSON in its own way, may have the members in any order.
function withSortedJson<D extends object>({ layout, codec }: Collection<D>, value: D): D {
  const sorted: Record<string, unknown> = {};
  for (const { name, kind } of layout.fields) {
    const member = codec.read(value, name);
    if (kind === 'json' && member !== undefined) sorted[name] = sortedJson(member);
  }
  return { ...value, ...sorted };
}

/** A payload as it stands in a file: its length, its checksum, itself. */
export function frameOf(payload: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(FRAME_BYTES + payload.length);
  frame.writeUInt32BE(payload.length);
  frame.writeUInt32BE(crc32(payload), 4);
  frame.set(payload, FRAME_BYTES);
  return frame;
}

/** Takes the pieces of a file as they come and gives the payloads of the whole and sound frames in them. */
export class FrameReader {
  /** Bytes of all frames that were given. */
  read = 0;
  private rest: Buffer = Buffer.alloc(0);
  private damaged = false;

  /** The frames that end in this piece. After a damaged one there are no more. */
  *push(piece: Uint8Array): Generator<Uint8Array> {
    this.rest = this.rest.length === 0 ? viewOf(piece) : Buffer.concat([this.rest, piece]);
    let at = 0;
    for (;;) {
      const payload = this.damaged ? undefined : this.frameAt(at);
      if (payload === undefined) break;
      at += FRAME_BYTES + payload.length;
      this.read += FRAME_BYTES + payload.length;
      yield payload;
    }
    this.rest = this.rest.subarray(at);
  }

  private frameAt(at: number): Uint8Array | undefined {
    const { rest } = this;
    if (rest.length < at + FRAME_BYTES) return undefined;
    const length = rest.readUInt32BE(at);
    // Zeros, which a power failure leaves behind, would be the sound frame of an empty payload.
    const possible = length >= ID_LENGTH_BYTES && length <= MAX_PAYLOAD_BYTES;
    if (possible && rest.length < at + FRAME_BYTES + length) return undefined;
    const payload = rest.subarray(at + FRAME_BYTES, at + FRAME_BYTES + length);
    this.damaged = !possible || crc32(payload) !== rest.readUInt32BE(at + 4);
    return this.damaged ? undefined : payload;
  }
}

const viewOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The same JSON value with the members of every object in the order of their names, and none that JSON would leave out. */
function sortedJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedJson);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    members
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sortedJson(member)]),
  );
}

/** How many documents there are, and a digest of them all that does not depend on their order. */
export interface Tally {
  readonly documents: number;
  /** The sum of their SHA-256 modulo 2^256, in hex. */
  readonly digest: string;
}

const MODULUS = 1n << 256n;
const HEX_DIGITS = 64;

/** Counts documents and adds up their digests. */
export class TallyBuilder {
  private documents = 0;
  private sum = 0n;

  add(payload: Uint8Array): void {
    this.documents += 1;
    this.sum =
      (this.sum + BigInt(`0x${createHash('sha256').update(payload).digest('hex')}`)) % MODULUS;
  }

  tally(): Tally {
    return { documents: this.documents, digest: this.sum.toString(16).padStart(HEX_DIGITS, '0') };
  }
}

/** Whether a document has not expired at a time; expired ones may vanish by themselves at any moment. */
export function isLiveAt<D extends object>(
  { layout, codec }: Collection<D>,
  value: D,
  time: number,
): boolean {
  if (layout.expiry === undefined) return true;
  const expires = codec.read(value, layout.expiry);
  return typeof expires !== 'number' || expires > time;
}
