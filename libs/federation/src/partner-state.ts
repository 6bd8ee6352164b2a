/** One of the two positions that a partner's server gives out and takes back. */
export interface PartnerCursor {
  /** Unix seconds; may be negative, as the reference server begins in the year 1. */
  readonly timestamp: number;
  /** Opaque, made by the partner. */
  readonly token: string;
}

/** Where a partner's answer ended, in the partner's own words: what the next call gives back to it. */
export interface PartnerState {
  readonly keys: PartnerCursor;
  readonly revisions: PartnerCursor;
}

/** How far back the revisions of a reference server are asked for again in each round, s. */
const REFERENCE_BACK_SECONDS = 26 * 3600;

const withoutToken = ({ timestamp }: PartnerCursor): PartnerCursor => ({ timestamp, token: '' });

/** A state as a query may give it back: a reference server loses rows when its tokens are echoed. */
export const echoed = (
  partner: 'standard' | 'reference',
  { keys, revisions }: PartnerState,
): PartnerState =>
  partner === 'standard'
    ? { keys, revisions }
    : { keys: withoutToken(keys), revisions: withoutToken(revisions) };

/**
 * The state that the first call of a run gives back. A round begins where the round before has ended. To a reference server a
 * key is visible only after its embargo, which lasts a day and a window at most, but a revision of it at once: so its revisions
 * of that time are asked for again, as their keys may have become visible since.
 */
export function firstState(
  partner: 'standard' | 'reference',
  position: { readonly state: PartnerState | undefined; readonly more: boolean },
): PartnerState | undefined {
  if (position.state === undefined) return undefined;
  const { keys, revisions } = echoed(partner, position.state);
  if (partner === 'standard' || position.more) return { keys, revisions };
  const timestamp = Math.max(0, revisions.timestamp - REFERENCE_BACK_SECONDS);
  return { keys, revisions: { timestamp, token: '' } };
}

/** The text of a state: equal states, and only they, have equal texts. */
export const stateText = ({ keys, revisions }: PartnerState): string =>
  JSON.stringify([keys.timestamp, keys.token, revisions.timestamp, revisions.token]);
