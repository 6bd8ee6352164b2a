import { type Reject, type RejectCount, RejectReport } from './reject-report.ts';

/** What became of keys that were received. */
export interface Tally {
  readonly inserted: number;
  readonly revised: number;
  /** Keys that changed nothing, as everything about them was stored. */
  readonly known: number;
  readonly rejects: readonly RejectCount[];
}

/** Adds up what became of keys. */
export class TallySum {
  #inserted = 0;
  #revised = 0;
  #known = 0;
  readonly #report = new RejectReport();

  add({ inserted, revised, known, rejects }: Tally): this {
    this.#inserted += inserted;
    this.#revised += revised;
    this.#known += known;
    this.#report.addAll(rejects);
    return this;
  }

  /** What there is by now. */
  get tally(): Tally {
    const [inserted, revised, known] = [this.#inserted, this.#revised, this.#known];
    return { inserted, revised, known, rejects: this.#report.counts };
  }
}

/** What became of keys of which each reject is given by itself. */
export function tallyOf(
  decided: Omit<Tally, 'rejects'> & { readonly rejects: readonly Reject[] },
): Tally {
  const report = new RejectReport();
  for (const reject of decided.rejects) report.add(reject);
  const { inserted, revised, known } = decided;
  return { inserted, revised, known, rejects: report.counts };
}

/** Of no keys. */
export const NO_KEYS: Tally = { inserted: 0, revised: 0, known: 0, rejects: [] };

/** Of keys that were found wrong before anything was stored. */
export const rejectedBefore = (rejects: readonly RejectCount[]): Tally => ({ ...NO_KEYS, rejects });
