import type { Random } from '@keyserver/random';

const BYTES = 32;

/** A new secret that ties a certificate to the keys it certifies. */
export const newHmacKey = (random: Random): Uint8Array => random.bytes(BYTES);
