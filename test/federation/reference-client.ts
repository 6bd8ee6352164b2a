import type { WireCursor, WireKey, WireRequest, WireResponse, WireState } from './wire.ts';
import { YEAR_ONE } from './reference-server.ts';

/** What of a state comes back to the server with the next call. */
export type Echo =
  'all' | 'no tokens' | 'no state' | 'primary half' | 'revised half' | 'year 1 instead of zero';

/** A key as the client has stored it. */
export interface StoredKey {
  readonly key: WireKey;
  readonly revised: WireKey | undefined;
}

/** How a run ended. */
export type RunEnd = 'complete' | 'no end' | 'failed';

/**
 * The key server of reference as a client: what its federation-in does, with the settings passed (without F1 and F2, as it cannot
 * be run with them). It stores its state at the end of a run only, and only when something was new (F11).
 */
export class ReferenceClient {
  readonly stored = new Map<string, StoredKey>();
  private readonly echo: Echo;
  private readonly filters: Omit<Partial<WireRequest>, 'state'>;
  private state: WireState | undefined;

  constructor(echo: Echo, filters: Omit<Partial<WireRequest>, 'state'> = {}) {
    this.echo = echo;
    this.filters = filters;
  }

  /** One pull, which gives up after so many pages as its deadline would. A fault of `fetch` is the end of it. */
  async run(
    fetch: (request: Partial<WireRequest>) => Promise<WireResponse>,
    mostPages = 1000,
  ): Promise<RunEnd> {
    let state = this.state ?? { keyCursor: at(YEAR_ONE), revisedKeyCursor: at(YEAR_ONE) };
    let total = 0;
    for (let page = 0; page < mostPages; page++) {
      const response = await fetch({
        maxExposureKeys: 500,
        ...this.filters,
        state: this.sent(state),
      });
      total += this.insert(response.keys);
      const applied = this.revise(response.revisedKeys);
      if (applied === undefined) return 'failed';
      total += applied;
      state = response.nextFetchState ?? {};
      if (response.partialResponse) continue;
      if (total > 0) this.state = state;
      return 'complete';
    }
    return 'no end';
  }

  private sent({ keyCursor, revisedKeyCursor }: WireState): WireState | undefined {
    if (this.echo === 'no state') return undefined;
    if (this.echo === 'primary half') return { keyCursor };
    if (this.echo === 'revised half') return { revisedKeyCursor };
    const echoed = ECHOED[this.echo];
    return {
      keyCursor: keyCursor && echoed(keyCursor),
      revisedKeyCursor: revisedKeyCursor && echoed(revisedKeyCursor),
    };
  }

  private insert(keys: readonly WireKey[]): number {
    let inserted = 0;
    for (const key of keys) {
      const id = key.exposureKey.toString('hex');
      if (this.stored.has(id) || !isValid(key) || !(key.reportType in TYPES)) continue;
      this.stored.set(id, { key, revised: undefined });
      inserted += 1;
    }
    return inserted;
  }

  /** undefined when one of them fails the whole page: of an unknown type, or revised a second time in another way (F12). */
  private revise(keys: readonly WireKey[]): number | undefined {
    let revised = 0;
    for (const key of keys) {
      if (!(key.reportType in TYPES)) return undefined;
      const id = key.exposureKey.toString('hex');
      const known = this.stored.get(id);
      if (known === undefined) continue;
      if (known.revised !== undefined && known.revised.reportType !== key.reportType)
        return undefined;
      if (known.revised === undefined) revised += 1;
      this.stored.set(id, { ...known, revised: key });
    }
    return revised;
  }
}

const at = (timestamp: number): WireCursor => ({ timestamp, nextToken: '' });

const ECHOED = {
  all: (cursor: WireCursor) => cursor,
  'no tokens': ({ timestamp }: WireCursor) => at(timestamp),
  'year 1 instead of zero': (cursor: WireCursor) =>
    cursor.timestamp === 0 ? { ...cursor, timestamp: YEAR_ONE } : cursor,
};

/** Confirmed, likely and revoked; nothing else is taken unless it is told so. */
const TYPES: Readonly<Record<number, true>> = { 1: true, 2: true, 5: true };

const isValid = ({ exposureKey, intervalCount, transmissionRisk }: WireKey): boolean =>
  exposureKey.length === 16 &&
  intervalCount >= 1 &&
  intervalCount <= 144 &&
  transmissionRisk >= 0 &&
  transmissionRisk <= 8;
