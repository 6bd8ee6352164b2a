import type { Configuration, Problem } from './configuration.ts';
import { GRAMMARS } from './grammar.ts';

/** What the format of export files lets a `verification_key_id` be. */
const KEY_ID = /^[A-Za-z0-9_]+$/;

/**
 * The key ids that phones may not take. One that is stored stays in use, also for the keys that follow: the phones of that
 * server take it, and it must be possible to rotate and to end its keys.
 */
export const unfitKeyIds = (before: Configuration, after: Configuration): readonly Problem[] =>
  after.signingKeys
    .filter(({ keyId }) => !KEY_ID.test(keyId))
    .filter(({ keyId }) => !before.signingKeys.some((stored) => stored.keyId === keyId))
    .map(({ id, keyId }) => ({
      path: 'signingKeys',
      message: `gives ${id} the keyId ${keyId}; a new one must be ${GRAMMARS.keyId.allowed}`,
    }));
