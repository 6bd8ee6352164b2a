const GROWTH = 2;
const START = 1024;

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

  /** A view, not a copy. */
  bytes(): Uint8Array {
    const from = this.skip(this.integer());
    return this.buffer.subarray(from, this.at);
  }

  text(): string {
    const from = this.skip(this.integer());
    return this.buffer.toString('utf8', from, this.at);
  }

  private skip(length: number): number {
    const from = this.at;
    this.at += length;
    if (length < 0 || this.at > this.buffer.length)
      throw new RangeError('stored document ends too early');
    return from;
  }
}
