import type { Random } from '@keyserver/random';
import { HOUR } from '@keyserver/time';
import type { WireCursor, WireKey, WireRequest, WireResponse, WireState } from './wire.ts';

/** A row of the table of keys. Times in Unix seconds, floored to the hour as its publish does. */
export interface ReferenceRow {
  readonly key: WireKey;
  readonly createdAt: number;
  /** What the key was revised to, and when. */
  readonly revision?: { readonly at: number; readonly key: WireKey };
}

/** What a call meets. */
export interface ReferenceCall {
  /** Unix seconds. */
  readonly now: number;
  /** Reading is interrupted after so many rows of primary keys, or of revised keys. */
  readonly timeOut?: { readonly of: 'primary' | 'revised'; readonly after: number };
}

const WINDOW = HOUR / 1000;
/** What a client of its own sends for a time that it has not: year 1. There is no lower bound then. */
export const YEAR_ONE = -62_135_596_800;
const MAX_RECORDS = 500;

/**
 * The key server of reference as a partner: what its federation-out answers, with its defects. A page that is full has an empty token,
 * so that an hour of more keys than a page is served for ever from its start (F5). After a time-out the time has moved and the row count has
 * not, so that rows are passed over (F6). A revision has lost its risk (F7). Rows of one hour come in no order.
 */
export class ReferenceServer {
  readonly rows: ReferenceRow[] = [];
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  fetch(request: WireRequest, { now, timeOut }: ReferenceCall): WireResponse {
    const until = now - (now % WINDOW);
    const limit = Math.min(MAX_RECORDS, request.maxExposureKeys || MAX_RECORDS);
    const stopOf = (of: 'primary' | 'revised'): number | undefined =>
      timeOut?.of === of ? timeOut.after : undefined;
    const first = mustCursor(request.state, 'keyCursor');
    const second = mustCursor(request.state, 'revisedKeyCursor');
    const primaryPass = { until, limit, stopAfter: stopOf('primary') };
    const primary = this.pass(({ createdAt }) => createdAt, first, primaryPass);
    const left = primary.token === '' ? limit - primary.rows.length : 0;
    const revisedPass = { until, limit: left, stopAfter: stopOf('revised') };
    const revised =
      left === 0
        ? { rows: [], timestamp: second.timestamp, token: second.nextToken }
        : this.pass(({ revision }) => revision?.at, second, revisedPass);
    const partial = left === 0 || revised.token !== '' || revised.rows.length === left;
    return adjusted({ primary, revised, partial, until });
  }

  private pass(
    timeOf: (row: ReferenceRow) => number | undefined,
    cursor: WireCursor,
    of: { readonly until: number; readonly limit: number; readonly stopAfter: number | undefined },
  ): {
    readonly rows: readonly ReferenceRow[];
    readonly timestamp: number;
    readonly token: string;
  } {
    const from = cursor.timestamp === YEAR_ONE ? -Infinity : cursor.timestamp;
    const offset = Number(Buffer.from(cursor.nextToken, 'base64').toString() || 0);
    const found = this.inNoOrder(timeOf).filter(([at]) => at >= from && at < of.until);
    const { limit, stopAfter = limit } = of;
    const rows = found.slice(offset, offset + Math.min(limit, stopAfter));
    const isInterrupted = of.stopAfter !== undefined && rows.length === of.stopAfter;
    return {
      rows: rows.map(([, row]) => row),
      timestamp: Math.max(cursor.timestamp, ...rows.map(([at]) => at)),
      token: isInterrupted ? Buffer.from(String(offset + rows.length)).toString('base64') : '',
    };
  }

  /** By time; what has the same time in an order that nobody chose, but that stays for as long as nothing is written. */
  private inNoOrder(timeOf: (row: ReferenceRow) => number | undefined): [number, ReferenceRow][] {
    return this.rows
      .flatMap((row): [number, ReferenceRow][] => {
        const at = timeOf(row);
        return at === undefined ? [] : [[at, row]];
      })
      .sort(([a], [b]) => a - b);
  }

  /** A row is written somewhere into the table. */
  add(row: ReferenceRow): void {
    this.rows.splice(this.random.below(this.rows.length + 1), 0, row);
  }
}

/** What a pass has found, and where it stands then. */
interface Pass {
  readonly rows: readonly ReferenceRow[];
  readonly timestamp: number;
  readonly token: string;
}

/** The answer, with each time moved behind what was served: when the other list has keys, or nothing is left. */
function adjusted(of: {
  readonly primary: Pass;
  readonly revised: Pass;
  readonly partial: boolean;
  readonly until: number;
}): WireResponse {
  const { primary, revised, partial, until } = of;
  const keys = primary.rows.map(({ key }) => key);
  const revisedKeys = revised.rows.flatMap(({ revision }) =>
    revision === undefined ? [] : [{ ...revision.key, transmissionRisk: 0 }],
  );
  const moved = ({ timestamp, token }: Pass, does: boolean): WireCursor => ({
    timestamp: does && timestamp < until ? timestamp + 1 : timestamp,
    nextToken: token,
  });
  return {
    ...{ keys, revisedKeys, partialResponse: partial },
    nextFetchState: {
      keyCursor: moved(primary, !partial || revisedKeys.length > 0),
      revisedKeyCursor: moved(revised, !partial && keys.length > 0),
    },
  };
}

const NOTHING: WireCursor = { timestamp: 0, nextToken: '' };

/** F8: a state that lacks one of its cursors ends the process of the reference. */
function mustCursor(state: WireState | undefined, name: keyof WireState): WireCursor {
  if (state === undefined) return NOTHING;
  const cursor = state[name];
  if (cursor === undefined) throw new Error('the process ended on a state without a cursor');
  return cursor;
}
