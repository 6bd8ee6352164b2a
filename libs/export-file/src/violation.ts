/** The rules that a published archive must keep, and what is wrong when one is broken. */
const RULES = {
  archive_unreadable: 'the file is not a zip that can be read',
  unexpected_entry: 'the zip holds an entry other than export.bin and export.sig',
  unsafe_entry_name: 'an entry name leaves its folder',
  duplicate_entry: 'the zip holds an entry twice',
  missing_entry: 'the zip lacks export.bin or export.sig',
  ambiguous_entry: 'an entry has two names, one in its own header and one in the directory',
  entry_too_large: 'an entry is larger than any genuine one',
  entry_corrupt: 'an entry cannot be unpacked, or its checksum is wrong',
  bad_header: 'export.bin does not begin with the 16 bytes of its version',
  bin_unparsable: 'export.bin is not a TemporaryExposureKeyExport',
  sig_unparsable: 'export.sig is not a TEKSignatureList',
  too_many_keys: 'export.bin lists more keys than a file may hold',
  bad_times: 'the start and the end are not times, or the start is not before the end',
  ends_in_future: 'the file covers time that is yet to come',
  wrong_region: 'the file is for another region',
  not_one_batch: 'the file, or a signature of it, is not batch 1 of 1',
  no_signature: 'export.sig holds no signature',
  signature_count: 'export.bin names more or fewer signatures than export.sig holds',
  signature_mismatch: 'export.bin and export.sig name different keys',
  wrong_algorithm: 'a signature is not ECDSA on P-256 with SHA-256',
  unknown_key: 'the first signature is by a key that is not known',
  bad_signature: 'a signature by a known key does not verify, or none is by a key that was given',
  key_size: 'a key does not have 16 bytes',
  key_period: 'a key was valid for less than 1 or more than 144 intervals',
  key_start_missing: 'a key does not say when it started',
  key_too_old: 'a key ended before the server would have taken it',
  key_in_future: 'a key starts in the future',
  key_onset: 'the days since symptom onset are more than 14 before or after',
  duplicate_key: 'a key is listed twice',
} as const;

/** Name of a rule for published archives. */
export type ViolationRule = keyof typeof RULES;

/** A broken rule. It never holds anything of a key. */
export interface Violation {
  readonly rule: ViolationRule;
  /** The fault in words. */
  readonly explanation: string;
  /** How often it occurs in the archive. */
  readonly count: number;
}

/** Collects broken rules, each once with its count, so that a file of junk gives a short list. */
export class Findings {
  private readonly counts = new Map<ViolationRule, number>();

  /** Records that a rule is broken. */
  add(rule: ViolationRule): void {
    this.counts.set(rule, (this.counts.get(rule) ?? 0) + 1);
  }

  /** Records that a rule is broken unless `kept`. */
  require(kept: boolean, rule: ViolationRule): void {
    if (!kept) this.add(rule);
  }

  /** The broken rules in the order in which they were first found. */
  list(): readonly Violation[] {
    return [...this.counts].map(([rule, count]) => ({ rule, explanation: RULES[rule], count }));
  }
}
