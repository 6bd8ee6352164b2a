import { createHmac, createSecretKey } from 'node:crypto';
import type { OfferedKey } from '@keyserver/exposure-keys';

/**
 * The MACs that tie a certificate to keys: the full form, and when no key has a transmission risk also the short form
 * that leaves the risk out. None for no keys. Keys enter in the spelling that was sent, sorted by its bytes: another
 * spelling or order gives another MAC.
 */
export function keysMacs(keys: readonly OfferedKey[], secret: Uint8Array): readonly Uint8Array[] {
  if (keys.length === 0) return [];
  const sorted = inOrderOfSpelling(keys);
  const full = mac(
    sorted.map((key) => `${shortForm(key)}.${key.transmissionRisk}`),
    secret,
  );
  if (keys.some((key) => key.transmissionRisk !== 0)) return [full];
  return [full, mac(sorted.map(shortForm), secret)];
}

const shortForm = ({ key, rollingStartNumber, rollingPeriod }: OfferedKey): string =>
  `${key}.${rollingStartNumber}.${rollingPeriod}`;

// Node looks at bytes for much longer than at a key object whether they can be a key.
const mac = (texts: readonly string[], secret: Uint8Array): Uint8Array =>
  createHmac('sha256', createSecretKey(secret)).update(texts.join(','), 'utf8').digest();

const ONLY_ASCII = /^[\u0000-\u007f]*$/;

/** By bytes and neither by locale nor by UTF-16 unit, for phones in C, Java and Swift have to arrive at the same order. */
function inOrderOfSpelling(keys: readonly OfferedKey[]): readonly OfferedKey[] {
  // Within ASCII, the order of UTF-16 units is that of bytes.
  if (keys.every(({ key }) => ONLY_ASCII.test(key)))
    return keys.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keys
    .map((key) => ({ key, spelling: Buffer.from(key.key, 'utf8') }))
    .sort((a, b) => Buffer.compare(a.spelling, b.spelling))
    .map(({ key }) => key);
}
