const GROWTH = 2;
const START = 1024;
/** Bytes of an integer in [0, 2^48). */
export const INT48_BYTES = 6;

/** Writes values one after another into a buffer that grows and is used again. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafeSlow(START);
  private end = 0;

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.end++] = value;
  }

  /** A signed safe integer: zigzag, then base-128, low part first. */
  integer(value: number): void {
    this.reserve(9);
    let rest = value < 0 ? -(value + 1) : value;
    // The lowest bit is the sign; doubling would leave the safe range, so the first byte holds six bits and the sign.
    let part = (rest % 64) * 2 + (value < 0 ? 1 : 0);
    rest = Math.floor(rest / 64);
    while (rest > 0) {
      this.buffer[this.end++] = part | 128;
      part = rest % 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.end++] = part;
  }

  /** An integer in [0, 2^48), always six bytes. */
  int48(value: number): void {
    this.reserve(INT48_BYTES);
    this.end = this.buffer.writeUIntBE(value, this.end, INT48_BYTES);
  }

  bytes(value: Uint8Array): void {
    this.integer(value.length);
    this.reserve(value.length);
    this.buffer.set(value, this.end);
    this.end += value.length;
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.integer(length);
    this.reserve(length);
    this.end += this.buffer.write(value, this.end);
  }

  /** Everything written since the last call, as a copy. */
  finish(): Uint8Array {
    const written = Uint8Array.from(this.buffer.subarray(0, this.end));
    this.end = 0;
    return written;
  }

  /** Forgets what was written since the last `finish`. */
  reset(): void {
    this.end = 0;
  }

  private reserve(more: number): void {
    if (this.end + more <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * GROWTH, this.end + more));
    this.buffer.copy(grown, 0, 0, this.end);
    this.buffer = grown;
  }
}

/** Reads what a ByteWriter wrote. Reading past the end throws a RangeError. */
export class ByteReader {
  private readonly buffer: Buffer;
  private at = 0;

  constructor(stored: Uint8Array) {
    this.buffer = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  }

  done(): boolean {
    return this.at >= this.buffer.length;
  }

  byte(): number {
    const value = this.buffer[this.at++];
    if (value === undefined) throw new RangeError('stored document ends too early');
    return value;
  }

  integer(): number {
    const first = this.byte();
    let value = (first & 127) >> 1;
    let scale = 64;
    for (let part = first; part >= 128; scale *= 128) {
      part = this.byte();
      value += (part & 127) * scale;
    }
    return (first & 1) === 1 ? -value - 1 : value;
  }

  int48(): number {
    const from = this.skip(INT48_BYTES);
    return this.buffer.readUIntBE(from, INT48_BYTES);
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    const from = this.skip(this.integer());
    return this.buffer.subarray(from, this.at);
  }

  /** Text; the same string as `before` when that is what stands here, which is cheaper than decoding it. */
  text(before: KnownText): string {
    const from = this.skip(this.integer());
    if (!before.standsAt(this.buffer, from, this.at)) before.learn(this.buffer, from, this.at);
    return before.text;
  }

  /** Passes over so many bytes, and tells where they began. */
  skip(length: number): number {
    const from = this.at;
    this.at += length;
    if (length < 0 || this.at > this.buffer.length)
      throw new RangeError('stored document ends too early');
    return from;
  }
}

/** The text that a field had last. Most fields of neighbouring documents hold the same few values. */
export class KnownText {
  text = '';
  private encoded: Uint8Array = new Uint8Array(0);

  standsAt(buffer: Uint8Array, from: number, to: number): boolean {
    const { encoded } = this;
    if (encoded.length !== to - from) return false;
    for (let n = 0; n < encoded.length; n++) if (encoded[n] !== buffer[from + n]) return false;
    return true;
  }

  learn(buffer: Buffer, from: number, to: number): void {
    this.encoded = Uint8Array.prototype.slice.call(buffer, from, to);
    this.text = buffer.toString('utf8', from, to);
  }
}
