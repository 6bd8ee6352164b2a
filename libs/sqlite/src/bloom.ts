const BITS_PER_VALUE = 12;
const MIN_BITS = 64;
const PROBES = 5;

/** A value's place in every filter, worked out once for all of them. */
export interface Probe {
  readonly start: number;
  readonly step: number;
}

/** A Bloom filter over 48-bit integers: about one false positive in some hundreds or thousands, never a false negative. */
export interface Bloom {
  readonly add: (value: Probe) => void;
  readonly mayHold: (value: Probe) => boolean;
  readonly bits: Uint8Array;
}

/** An empty filter for so many values: 12 to 24 bits for each, so that the size is a power of two. */
export function bloomFor(values: number): Bloom {
  const wanted = Math.max(values * BITS_PER_VALUE, MIN_BITS);
  return bloomOver(new Uint8Array(2 ** Math.ceil(Math.log2(wanted)) / 8));
}

/** The filter that these bits were; their number is a power of two, at most 2^32. */
export function bloomOver(bits: Uint8Array): Bloom {
  const mask = (bits.length * 8 - 1) >>> 0;
  return {
    bits,
    add({ start, step }) {
      let at = start;
      for (let probe = 0; probe < PROBES; probe++) {
        const bit = (at & mask) >>> 0;
        bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
        at = (at + step) | 0;
      }
    },
    mayHold({ start, step }) {
      let at = start;
      for (let probe = 0; probe < PROBES; probe++) {
        const bit = (at & mask) >>> 0;
        if (((bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
        at = (at + step) | 0;
      }
      return true;
    },
  };
}

/** Two 32-bit values made of all 48 bits with Murmur3's finishing steps, so that the values need not be random themselves. */
export function probeOf(value: number): Probe {
  const low = value >>> 0;
  const high = Math.floor(value / 2 ** 32);
  const start = mixed(low ^ Math.imul(high, 0x9e3779b1));
  return { start, step: mixed(start ^ high ^ 0x85ebca6b) | 1 };
}

function mixed(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
