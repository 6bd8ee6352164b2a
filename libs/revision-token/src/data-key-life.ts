import { DAY } from '@keyserver/time';

/**
 * How long a data key is needed after it got a successor, ms. A token that was sealed just before holds keys that may be published
 * for `maxKeyAge` after their end, and a key that was still valid then ends up to a day later. Two windows are for the
 * clocks of those who made it.
 */
export const dataKeyLife = ({
  maxKeyAge,
  window,
}: {
  readonly maxKeyAge: number;
  readonly window: number;
}): number => maxKeyAge + DAY + 2 * window;
