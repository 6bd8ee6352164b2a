import type { Section } from './configuration.ts';

/** What a configuration may be advised against, by the names under which an operator accepts it all the same. */
export const ADVICE_NAMES = [
  'app_in_no_export',
  'app_without_authority',
  'app_without_certificate',
  'app_without_revision_token',
  'too_many_files',
  'files_too_large',
  'many_generated_keys',
  'little_padding',
  'constant_padding',
  'signing_key_unusable',
  'no_signing_key',
  'signing_gap',
  'signing_key_ends_soon',
  'last_signing_key_ends',
  'new_key_signs_soon',
  'no_authority_key',
  'authority_key_gap',
  'authority_key_ends_soon',
  'fresh_partner',
  'wider_grant',
  'narrower_grant',
] as const;

/** A kind of advice; names are stable, since scripts give them. */
export type AdviceName = (typeof ADVICE_NAMES)[number];

/** Something that is allowed and that a careful operator would not want: about which entry, and why, in one sentence. */
export interface Advice {
  readonly name: AdviceName;
  readonly section: Section;
  readonly id: string;
  readonly message: string;
}

/** Advice on a change of the configuration. */
export interface ChangeAdvice extends Advice {
  /** It holds without the change as well, so nobody has to agree to it anew. */
  readonly standing: boolean;
}

/** A file or unit of fewer keys may hold little more than one person's: an upload has up to 30. */
const SMALL_MINIMUM = 100;

/** What speaks against how an export or a partner is padded; undefined when nothing does. */
export const adviceOnPadding = ({
  minRecords,
  paddingRange,
}: {
  readonly minRecords: number;
  readonly paddingRange: number;
}): Extract<AdviceName, 'little_padding' | 'constant_padding'> | undefined => {
  if (minRecords < SMALL_MINIMUM) return 'little_padding';
  return paddingRange > 0 ? undefined : 'constant_padding';
};
