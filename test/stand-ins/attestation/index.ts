export { type AppleAuthority, type AuthorityFlaws, appleAuthority } from './apple-authority.ts';
export {
  type AssertOrder,
  type AttestedDevice,
  type Flaws,
  assertWith,
  attest,
  nonceExtension,
  payloadOf,
} from './apple-device.ts';
export {
  type PlayMint,
  type PlayOrder,
  encryptPlayToken,
  mintPlayToken,
  playVerdict,
} from './play-tokens.ts';
export { type SafetyNetSigner, safetyNetSigner } from './safety-net-tokens.ts';
