export {
  APP_ATTEST_CLAIMS,
  type AppAttestFacts,
  type AttestationQuestion,
  type VerifyAppAttest,
  appAttestVerifier,
} from './app-attest.ts';
export {
  ASSERTION_CLAIMS,
  type AssertionFacts,
  type AssertionQuestion,
  type RegisteredKey,
  verifyAssertion,
} from './app-attest-assertion.ts';
export { payloadOf } from './app-attest-payload.ts';
export { appleAppAttestRoot } from './apple-root.ts';
export {
  type BoundKey,
  type BoundUpload,
  bindingDigest,
  bindingText,
  digestText,
} from './binding.ts';
export { isDeviceToken } from './device-check.ts';
export { MAX_FRESHNESS } from './freshness.ts';
export type { Claim, Failure, Refusal, Verdict } from './outcome.ts';
export { PLAY_CLAIMS, type PlayFacts, type PlayMode, verifyPlayVerdict } from './play-integrity.ts';
export { PLAY_TOKEN_CLAIMS, type PlayKeys, decodePlayToken, readPlayKeys } from './play-token.ts';
export {
  APPLE_ENVIRONMENTS,
  ATTESTATION_TYPES,
  type AppAttestPolicy,
  type AttestationPolicy,
  type AttestationType,
  DEVICE_LABELS,
  MAX_CATEGORY,
  type PlayPolicy,
  type SafetyNetPolicy,
} from './policy.ts';
export { SAFETY_NET_CLAIMS, verifySafetyNet } from './safety-net.ts';
