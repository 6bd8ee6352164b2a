/** A call that is let in. Each of its ends may be told again. */
export interface OpenCall {
  /** It is answered; its partner may not have taken the answer. */
  readonly answered: () => void;
  /** It is over: its answer was taken, or its partner has gone. */
  readonly over: () => void;
}

/** Lets a call of a partner in, by the partner's id; undefined while there are too many. */
export type OpenCalls = (partner: string) => OpenCall | undefined;

/** One partner has a quarter of all calls, so that it cannot keep out the others; two where that would be less. */
const sharesOf = (most: number): number => Math.max(2, Math.floor(most / 4));

/**
 * Bounds the calls that are answered at the same time, `most` of all partners together. The calls of one partner count until their
 * answers are taken, since each takes memory until then; against the others they count only until they are answered.
 */
export function openCalls(most: number): OpenCalls {
  const answering = new Set<object>();
  const ofPartners = new Map<string, Set<object>>();
  return (partner) => {
    const own = ofPartners.get(partner) ?? new Set();
    if (answering.size >= most || own.size >= sharesOf(most)) return undefined;
    const call = {};
    answering.add(call);
    ofPartners.set(partner, own.add(call));
    const answered = (): void => {
      answering.delete(call);
    };
    const over = (): void => {
      answered();
      own.delete(call);
      if (own.size === 0 && ofPartners.get(partner) === own) ofPartners.delete(partner);
    };
    return { answered, over };
  };
}
