/** What a server promises, and how somebody outside of it can see that it was broken. */
export const INVARIANTS = {
  I1: 'an acknowledged key is in exactly one file of each server that may have it',
  I2: 'nothing leaves a server before phones have stopped to use it',
  I3: 'the order of what leaves a server says nothing about who uploaded it and when',
  I4: 'a key is taken back once at most, by whoever may, and is then taken back everywhere',
  I5: 'nobody has a key of a region, a traveler or an application that was not granted',
  I6: 'one name has one content; what is listed is there and verifies',
  I7: 'jobs that are done again change nothing',
  I8: 'no key, token or certificate is logged',
  I9: 'cover traffic is answered like an upload',
  I10: 'what is past retention is gone for everybody, and the store keeps no more than it says',
  I11: 'wrong uploads are refused as documented, and change nothing',
  I12: 'whatever goes wrong is caught up, and health says what is wrong as long as it is',
} as const;

/** The name of such a promise. */
export type Invariant = keyof typeof INVARIANTS;

/** A sentence about what broke one of them. */
export type Problem = `${Invariant}: ${string}`;
