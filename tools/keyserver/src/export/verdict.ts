import type { Verification } from '@keyserver/export-file';

/** One archive and what is to be said of it. */
export interface Verdict {
  readonly file: string;
  readonly violations: readonly {
    readonly rule: string;
    readonly explanation: string;
    readonly count: number;
  }[];
  /** Missing when the archive could not be had. */
  readonly verification: Verification | undefined;
}

/** The verdict on an archive that is promised and cannot be had. */
export const unavailable = (file: string, explanation: string): Verdict => ({
  file,
  violations: [{ rule: 'unavailable', explanation, count: 1 }],
  verification: undefined,
});

/** What a set of archives comes to. */
export const totalsOf = (
  verdicts: readonly Verdict[],
): { readonly files: number; readonly keys: number; readonly revisedKeys: number } => ({
  files: verdicts.length,
  keys: sum(verdicts, ({ verification }) => verification?.contents?.keys ?? 0),
  revisedKeys: sum(verdicts, ({ verification }) => verification?.contents?.revisedKeys ?? 0),
});

const sum = (verdicts: readonly Verdict[], of: (verdict: Verdict) => number): number =>
  verdicts.reduce((total, verdict) => total + of(verdict), 0);

/** Verdicts as machines read them. */
export const verdictsForMachines = (verdicts: readonly Verdict[]): object => ({
  files: verdicts.map(({ file, violations, verification }) => ({
    file,
    violations,
    digest: verification?.digest,
    signatures: verification?.signatures ?? [],
    contents: verification?.contents,
  })),
  total: totalsOf(verdicts),
});
