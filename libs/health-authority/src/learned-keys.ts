import { DAY, type UnixMillis, unixMillis } from '@keyserver/time';
import { keyFingerprint } from './authority-key.ts';
import type { AuthorityKey } from './authority.ts';
import type { ServedKey } from './key-set.ts';

/** A key that was learned from what its authority serves. Its end, `thru`, is when it was found to be gone. */
export interface LearnedKey extends AuthorityKey {
  /** The first answer that lacked it, while it still counts. */
  readonly missingSince: UnixMillis | undefined;
}

/** A key that an operator took back, under whatever version it is served. */
export interface RevokedKey {
  /** By `keyFingerprint`. */
  readonly fingerprint: string;
  readonly at: UnixMillis;
}

/** What an answer did to the keys that were learned before. */
export interface Learning {
  readonly keys: readonly LearnedKey[];
  readonly added: readonly LearnedKey[];
  readonly ended: readonly LearnedKey[];
  readonly reinstated: readonly LearnedKey[];
  /** Whether anything is different, be it only what is known to be missing. */
  readonly differs: boolean;
}

/** For how long an ended key is remembered: whoever serves it again within that time gets it back with its history. */
const REMEMBERED = 30 * DAY;
/** Keys of an authority that are kept, ended ones too: far below what a document can hold. */
const MAX_KEPT = 200;

/**
 * What is known of an authority's keys after an answer of it. A key is a version with its material: the same material under
 * another version is one more, and so is new material under an old version. What is served and unknown counts at once, and
 * what had ended counts again. What is no longer served ends when answers have lacked it for `endAfter` ms, the last of them
 * this one: a single answer ends nothing. An end, once found, does not move.
 */
export function learnKeys(
  known: readonly LearnedKey[],
  served: readonly ServedKey[],
  { now, endAfter }: { readonly now: UnixMillis; readonly endAfter: number },
): Learning {
  const before = known.map((key) => notAhead(key, now));
  const after = before.map((key) =>
    served.some((one) => isSame(one, key)) ? servedAgain(key) : notServed(key, now, endAfter),
  );
  const added = served
    .filter((one) => !before.some((key) => isSame(one, key)))
    .map(({ version, publicKey }) => ({
      ...{ version, publicKey, from: now, thru: undefined, missingSince: undefined },
    }));
  const turned = (from: boolean, to: boolean): readonly LearnedKey[] =>
    after.filter((key, n) => hasEnded(before[n]) === from && hasEnded(key) === to);
  const keys = mostRelevant([...added, ...after], now);
  const reinstated = turned(true, false);
  const ended = turned(false, true);
  const forgotten = after.length + added.length - keys.length;
  const differs = added.length > 0 || forgotten > 0 || after.some((key, n) => key !== known[n]);
  return { keys, added, ended, reinstated, differs };
}

const isSame = (one: ServedKey, other: ServedKey): boolean =>
  one.version === other.version && one.publicKey === other.publicKey;

const hasEnded = (key: LearnedKey | undefined): boolean => key?.thru !== undefined;

/** Times that have not come were told by a clock that was wrong: the key begins, is missed and has ended by now. */
function notAhead(key: LearnedKey, now: UnixMillis): LearnedKey {
  const { from, thru, missingSince } = key;
  if (Math.max(from, thru ?? from, missingSince ?? from) <= now) return key;
  return {
    ...key,
    from: earlier(from, now),
    thru: thru === undefined ? undefined : earlier(thru, now),
    missingSince: missingSince === undefined ? undefined : earlier(missingSince, now),
  };
}

const earlier = (a: UnixMillis, b: UnixMillis): UnixMillis => unixMillis(Math.min(a, b));

const servedAgain = (key: LearnedKey): LearnedKey =>
  key.thru === undefined && key.missingSince === undefined
    ? key
    : { ...key, thru: undefined, missingSince: undefined };

function notServed(key: LearnedKey, now: UnixMillis, endAfter: number): LearnedKey {
  if (key.thru !== undefined) return key;
  if (key.missingSince === undefined) return { ...key, missingSince: now };
  if (now - key.missingSince < endAfter) return key;
  return { ...key, thru: now, missingSince: undefined };
}

/** Without those that ended long ago. Where there are too many, the ended ones go first and then those that are missed longest. */
function mostRelevant(keys: readonly LearnedKey[], now: UnixMillis): readonly LearnedKey[] {
  const kept = keys.filter(({ thru }) => thru === undefined || now - thru < REMEMBERED);
  if (kept.length <= MAX_KEPT) return kept;
  const rank = ({ thru, missingSince }: LearnedKey): number => thru ?? missingSince ?? Infinity;
  const isLive = (key: LearnedKey): number => Number(!hasEnded(key));
  const best = kept.toSorted((a, b) => isLive(b) - isLive(a) || compare(rank(b), rank(a)));
  return best.slice(0, MAX_KEPT);
}

const compare = (a: number, b: number): number => (a === b ? 0 : a - b);

/**
 * The keys that certificates of an authority are checked with. Those of the configuration come first, and decide about their
 * material. Of two learned keys with one version the newer comes first, since the authority now means that one. A revoked
 * key ends when it was revoked.
 */
export function keysInUse(
  configured: readonly AuthorityKey[],
  learned: { readonly keys: readonly LearnedKey[]; readonly revoked: readonly RevokedKey[] },
): readonly AuthorityKey[] {
  const named = new Set(configured.map(({ publicKey }) => keyFingerprint(publicKey)));
  const ends = new Map(learned.revoked.map(({ fingerprint, at }) => [fingerprint, at]));
  const usable = learned.keys.flatMap(({ version, publicKey, from, thru }) => {
    const fingerprint = keyFingerprint(publicKey);
    const end = ends.get(fingerprint);
    const until = end === undefined ? thru : earlier(end, thru ?? end);
    return named.has(fingerprint) ? [] : [{ version, publicKey, from, thru: until }];
  });
  return [...configured, ...usable.toSorted((a, b) => b.from - a.from)];
}
