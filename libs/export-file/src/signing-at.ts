import type { UnixMillis } from '@keyserver/time';
import type { SigningKey } from './export-config.ts';

/** Whether a key signs at a time. */
export const isInForce = (
  { from, thru }: Pick<SigningKey, 'from' | 'thru'>,
  now: UnixMillis,
): boolean => from <= now && (thru === undefined || now < thru);

/** The keys that sign at a time, in the order of their signatures: newest first, as some phones read only the first. */
export const signingAt = (keys: readonly SigningKey[], now: UnixMillis): readonly SigningKey[] =>
  keys
    .filter((key) => isInForce(key, now))
    .sort((a, b) => b.from - a.from || (a.id < b.id ? 1 : -1));
