import { createHash } from 'node:crypto';
import type { Collection } from '@keyserver/docstore';

/** How many documents there are, and a digest of them all that does not depend on their order. */
export interface Tally {
  readonly documents: number;
  /** The sum of their SHA-256 modulo 2^256, in hex. */
  readonly digest: string;
}

const MODULUS = 1n << 256n;
const HEX_DIGITS = 64;

/** Counts documents and adds their digests up. */
export class TallyKeeper {
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
