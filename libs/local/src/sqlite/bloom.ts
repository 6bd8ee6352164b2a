const BITS_PER_VALUE = 14;
const PROBES = 7;

/** A Bloom filter over 48-bit integers: about one false positive in a thousand, never a false negative. */
export interface Bloom {
  add(value: number): void;
  mayHold(value: number): boolean;
  readonly bits: Uint8Array;
}

/** An empty filter for so many values. */
export const bloomFor = (values: number): Bloom =>
  bloomOver(new Uint8Array(Math.ceil((Math.max(values, 1) * BITS_PER_VALUE) / 8)));

/** The filter that these bits were. */
export function bloomOver(bits: Uint8Array): Bloom {
  const size = bits.length * 8;
  return {
    bits,
    add(value) {
      const { start, step } = spread(value);
      let at = start;
      for (let probe = 0; probe < PROBES; probe++) {
        const bit = at % size;
        bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
        at = (at + step) >>> 0;
      }
    },
    mayHold(value) {
      const { start, step } = spread(value);
      let at = start;
      for (let probe = 0; probe < PROBES; probe++) {
        const bit = at % size;
        if (((bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
        at = (at + step) >>> 0;
      }
      return true;
    },
  };
}

// Two 32-bit values from all 48 bits, with Murmur3's finishing steps, so that values need not be random themselves.
function spread(value: number): { start: number; step: number } {
  const low = value >>> 0;
  const high = Math.floor(value / 2 ** 32);
  const start = mixed(low ^ Math.imul(high, 0x9e3779b1));
  return { start, step: (mixed(start ^ high ^ 0x85ebca6b) | 1) >>> 0 };
}

function mixed(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
