/** Why an authority's keys could not be learned, and what to do about it; nothing that it sent is repeated. */
export const KEY_SET_PROBLEMS = {
  address:
    'the address is none that may be asked: https, and a public address; http on this very machine in the development profile alone',
  unreachable:
    'nobody answers there: check jwks of the authority, the way there, and its certificate',
  slow: 'the answer did not come in time',
  redirect: 'it sends us elsewhere, which is not followed: write the address that answers itself',
  status: 'it did not answer with status 200',
  too_large: 'the answer is longer than 64 KiB',
  not_json: 'the answer is no JSON, or JSON that readers may take for different things',
  not_a_key_set: 'the answer is neither a list of keys nor an object with one',
  empty: 'the answer has no key: that ends none; to end a key, end it here by hand',
  too_many: 'the answer has more than 100 keys',
  private_key: 'the answer has a private key: tell the authority, and revoke the key here',
  malformed_key: 'a P-256 key of the answer is malformed or lacks its kid',
  kid_twice: 'two keys of the answer have the same kid',
  no_usable_key: 'no key of the answer is a P-256 key for signatures with ES256',
} as const;

/** What can be wrong with an authority's keys as they are served. */
export type KeySetProblem = keyof typeof KEY_SET_PROBLEMS;

/** The problem of a stored word; undefined for one that is unknown. */
export const keySetProblemOf = (word: string | undefined): KeySetProblem | undefined =>
  word !== undefined && isProblem(word) ? word : undefined;

const isProblem = (word: string): word is KeySetProblem => Object.hasOwn(KEY_SET_PROBLEMS, word);
