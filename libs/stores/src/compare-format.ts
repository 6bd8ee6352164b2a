import { createHmac } from 'node:crypto';
import {
  SECOND,
  type UnixMillis,
  type WindowCalendar,
  type WindowLength,
  windowLengthAt,
  windowsFrom,
} from '@keyserver/time';
import { SHARDS } from './key-batch-document.ts';
import { FORMAT_VERSION, type StoreFormat, type StoreProfile } from './store-format.ts';
import { type KeyWrapping, opensCheck } from './wrapping-check.ts';

/** What somebody who opens a store knows of it; what he does not know is not compared. */
export interface KnownFormat {
  /** What people call the store, as in "the data in …". */
  readonly place: string;
  readonly window?: WindowLength;
  readonly profile?: StoreProfile;
  readonly keyHashSecret?: Uint8Array;
  /** What wraps the keys of revision tokens, where something does. */
  readonly wrapping?: KeyWrapping;
}

/** The part of what is known that the platform says. */
export interface Comparison extends KnownFormat {
  /** The store's own. */
  readonly closingDelay: number;
  /** Store time. */
  readonly now: UnixMillis;
}

/** What is wrong with a store, as the sentence that tells an operator what to do; undefined when it is as expected. */
export async function mismatchOf(
  format: StoreFormat,
  known: Comparison,
): Promise<string | undefined> {
  for (const compare of COMPARISONS) {
    const sentence = compare(format, known);
    if (sentence !== undefined) return sentence;
  }
  const { place, wrapping } = known;
  return wrapping === undefined || (await opensCheck(format, wrapping))
    ? undefined
    : `the wrapping key is not the one that the data in ${place} were written with: put that one back`;
}

type Compare = (format: StoreFormat, known: Comparison) => string | undefined;

const COMPARISONS: readonly Compare[] = [
  ({ version, shards }, { place }) =>
    version === FORMAT_VERSION && shards === SHARDS
      ? undefined
      : `the data in ${place} have the format ${version} with ${shards} shards, and this program knows ${FORMAT_VERSION} with ${SHARDS}: use the version of the program that wrote them, or a newer one`,
  ({ closingDelay }, { place, ...known }) =>
    closingDelay === known.closingDelay
      ? undefined
      : `the data in ${place} were written on another platform: move them with \`npx keyserver data export\` and \`npx keyserver data import\``,
  ({ keyHashCheck }, { place, keyHashSecret }) =>
    keyHashCheck === undefined ||
    keyHashSecret === undefined ||
    keyHashCheck === keyHashCheckOf(keyHashSecret)
      ? undefined
      : `the key-hash secret is not the one that the data in ${place} were written with: put that one back (KEY_HASH_SECRET, or keys/key-hash.secret in the data directory)`,
  ({ profile }, { place, ...known }) =>
    profile === undefined || known.profile === undefined || profile === known.profile
      ? undefined
      : `PROFILE is ${known.profile}, but the data in ${place} were written in the profile ${profile}: set PROFILE=${profile}, or begin with an empty store`,
  ({ windows }, { place, window, now }) =>
    windows === undefined || window === undefined || lengthsInUse(windows, now).includes(window)
      ? undefined
      : windowSentence(place, window, windowLengthAt(windows, now)),
];

/** The present length, and one that is decided already: services may be given it beforehand. */
const lengthsInUse = (windows: WindowCalendar, now: UnixMillis): readonly WindowLength[] =>
  windowsFrom(windows, now).map(({ length }) => length);

const windowSentence = (place: string, wanted: WindowLength, present: WindowLength): string => {
  const [given, stored] = [wanted / SECOND, present / SECOND];
  return `TRUNCATE_WINDOW_SECONDS is ${given}, but the data in ${place} are written with ${stored}: set it to ${stored}, or change the window with \`npx keyserver store set-window ${given}\``;
};

const CHECKED_TEXT = 'the secret by which an exposure key server finds stored keys';
const CHECK_BYTES = 16;

/** A value by which the key-hash secret is recognised. Keyed with the secret, so it gives nothing of it away. */
export const keyHashCheckOf = (secret: Uint8Array): string =>
  createHmac('sha256', secret)
    .update(CHECKED_TEXT)
    .digest()
    .subarray(0, CHECK_BYTES)
    .toString('hex');
