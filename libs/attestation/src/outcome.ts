/** Why an upload's attestation does not count. A client learns no more than this. */
export type Failure =
  /** It cannot be parsed, or is larger than any real one. */
  | 'malformed'
  /** Signature, chain, key, application or team is not one that is trusted. */
  | 'untrusted'
  /** It is valid, but for other content. */
  | 'binding'
  /** It is older than allowed. */
  | 'stale'
  /** It was made at a time that has not come yet. */
  | 'future'
  /** It was used before, for another upload. */
  | 'replayed'
  /** What it says of device or application is less than the application's policy asks for. */
  | 'policy'
  /** Whoever must be asked cannot be reached, or does not accept our own credentials. */
  | 'unavailable';

/** What a verifier concludes. `Facts` is what the object proves, and holds nothing that identifies a device. */
export type Verdict<Facts> = { readonly kind: 'ok'; readonly facts: Facts } | Refusal;

/** A refusal with the first check that failed, by its name in the verifier's table: for logs and for developers. */
export interface Refusal {
  readonly kind: 'refused';
  readonly failure: Failure;
  readonly reason: string;
}

/** One row of a verifier's table. Rows are tried in order, and the first that does not hold decides. */
export interface Check<Subject> {
  /** Stable name, for logs, counters and tests. */
  readonly reason: string;
  readonly failure: Failure;
  /** What must be true, in a sentence for an application's developer. */
  readonly claim: string;
  readonly holds: (subject: Subject) => boolean;
}

/** A row without its test, as it is shown to people. */
export type Claim = Omit<Check<never>, 'holds'>;

export const refusal = (failure: Failure, reason: string): Refusal => ({
  kind: 'refused',
  failure,
  reason,
});

/** The first row of a table that does not hold, as a refusal; undefined when all hold. */
export function firstFailure<Subject>(
  checks: readonly Check<Subject>[],
  subject: Subject,
): Refusal | undefined {
  const failed = checks.find(({ holds }) => !holds(subject));
  return failed && refusal(failed.failure, failed.reason);
}
