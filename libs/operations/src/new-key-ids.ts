import type { Configuration, Problem } from './configuration.ts';
import { GRAMMARS } from './grammar.ts';

/** What the format of export files lets a `verification_key_id` be. */
const KEY_ID = /^[A-Za-z0-9_]+$/;

/**
 * The key ids that phones may not take. A signing key that is stored with one keeps it: phones know the key under it by now,
 * and it must be possible to end it.
 */
export const unfitKeyIds = (before: Configuration, after: Configuration): readonly Problem[] =>
  after.signingKeys
    .filter(({ keyId }) => !KEY_ID.test(keyId))
    .filter(({ id, keyId }) => !before.signingKeys.some((o) => o.id === id && o.keyId === keyId))
    .map(({ id, keyId }) => ({
      path: 'signingKeys',
      message: `gives ${id} the keyId ${keyId}; a new one must be ${GRAMMARS.keyId.allowed}`,
    }));
