export {
  type AuthorityKey,
  type AuthorizedApp,
  type FindApp,
  type FindAuthority,
  type HealthAuthority,
  MAX_REGIONS,
  parseAppId,
  parseRegion,
} from './authority.ts';
export {
  MAX_AUTHORITY_KEYS,
  isP256PublicKey,
  keyFingerprint,
  parseKeyVersion,
  parsePublicKey,
} from './authority-key.ts';
export {
  type CertificateOutcome,
  type CertificateRefusal,
  type PresentedCertificate,
  type VerifyCertificate,
  DEFAULT_CLOCK_SKEW,
  certificateVerifier,
} from './certificate.ts';
export { type KeySetReading, type ServedKey, readKeySet } from './key-set.ts';
export { KEY_SET_PROBLEMS, type KeySetProblem, keySetProblemOf } from './key-set-problems.ts';
export {
  type LearnedKey,
  type Learning,
  type RevokedKey,
  keysInUse,
  learnKeys,
} from './learned-keys.ts';
export { type Diagnosis, issueCertificate } from './issue-certificate.ts';
export {
  DEFAULT_STATS_AUDIENCE,
  type StatsTokenOutcome,
  type StatsTokenRefusal,
  type VerifyStatsToken,
  issueStatsToken,
  statsTokenVerifier,
} from './stats-token.ts';
