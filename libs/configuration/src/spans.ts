import type { UnixMillis } from '@keyserver/time';

/** A span of time, its start included, its end not; without an end it lasts for ever. */
export interface Span {
  readonly from: UnixMillis;
  readonly thru: UnixMillis | undefined;
}

/** The first instant from a given one on that no span covers; undefined when they cover all time to come. */
export function coveredUntil(spans: readonly Span[], from: UnixMillis): UnixMillis | undefined {
  let end = from;
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    if (span.from > end) break;
    if (span.thru === undefined) return undefined;
    if (span.thru > end) end = span.thru;
  }
  return end;
}

/** When the next span begins after an instant; undefined when none does. */
export const nextBegin = (spans: readonly Span[], after: UnixMillis): UnixMillis | undefined =>
  spans
    .map(({ from }) => from)
    .sort((a, b) => a - b)
    .find((from) => from > after);

/** Whether a span has ended. */
export const isOver = ({ thru }: Pick<Span, 'thru'>, now: UnixMillis): boolean =>
  thru !== undefined && thru <= now;
