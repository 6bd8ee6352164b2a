import { createHash } from 'node:crypto';
import type { AppleExtensions, AuthenticatorData } from './app-attest-object.ts';
import type { Check } from './outcome.ts';
import type { AppAttestPolicy } from './policy.ts';

/** What attestations and assertions have in common when they are judged. */
export interface AppleSubject {
  readonly authData: AuthenticatorData;
  readonly extensions: AppleExtensions;
  readonly policy: AppAttestPolicy;
}

/** Attested credential data present, with or without WebAuthn's flag for extensions. Real objects have 0x40, old and new. */
const KNOWN_FLAGS = [0x40, 0xc0];

/** Apple's number for a category that is none. */
const INVALID_CATEGORY = 0;

/** The application: by the hash of its team and bundle id. */
export const APPLICATION: Check<AppleSubject> = {
  reason: 'app_id',
  failure: 'untrusted',
  claim: 'the object is for the policy’s team and one of its bundle ids',
  holds: ({ authData, policy }) => appIdOf(authData, policy) !== undefined,
};

/** The flags that Apple's objects have. */
export const FLAGS: Check<AppleSubject> = {
  reason: 'flags',
  failure: 'malformed',
  claim: 'the flags are those of Apple’s objects, 0x40 or 0xc0',
  holds: ({ authData }) => KNOWN_FLAGS.includes(authData.flags),
};

/** How the app came to the phone, where the phone says so. */
export const CATEGORY: readonly Check<AppleSubject>[] = [
  {
    reason: 'category_missing',
    failure: 'policy',
    claim: 'the object states a validation category, if the policy requires one (iOS 27 and later)',
    holds: ({ extensions, policy }) => extensions.category !== undefined || !policy.requireCategory,
  },
  {
    reason: 'category',
    failure: 'policy',
    claim: 'a stated validation category is valid and one that the policy allows',
    holds: ({ extensions: { category }, policy }) =>
      category === undefined ||
      (category !== INVALID_CATEGORY && (policy.categories ?? [category]).includes(category)),
  },
];

/** The application that an object is for, `<teamId>.<bundleId>`; undefined when it is none of the policy's. */
export const appIdOf = (
  { rpIdHash }: AuthenticatorData,
  { teamId, bundleIds }: AppAttestPolicy,
): string | undefined =>
  bundleIds
    .map((bundleId) => `${teamId}.${bundleId}`)
    .find((appId) => sha256(Buffer.from(appId)).equals(rpIdHash));

/** SHA-256 over the parts one after another. */
export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
