import { DAY, SECOND, type UnixMillis, unixMillis } from './instant.ts';

/** A reporting window: a span of whole seconds, in milliseconds, that divides the UTC day. */
export type WindowLength = number & { readonly __unit: 'window in ms' };

const isWindowLength = (ms: number): ms is WindowLength =>
  Number.isInteger(ms) && ms >= SECOND && ms % SECOND === 0 && DAY % ms === 0;

/** A length in milliseconds as a window length; undefined unless it is whole seconds and divides a day. */
export const windowLength = (ms: number): WindowLength | undefined =>
  isWindowLength(ms) ? ms : undefined;

/** An instant rounded down to a multiple of a span. Spans that divide a day align to UTC midnight. */
export const floorTo = (t: UnixMillis, span: number): UnixMillis => unixMillis(t - (t % span));
