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
export { isP256PublicKey } from './authority-key.ts';
export {
  type CertificateOutcome,
  type CertificateRefusal,
  type PresentedCertificate,
  type VerifyCertificate,
  DEFAULT_CLOCK_SKEW,
  certificateVerifier,
} from './certificate.ts';
export { type Diagnosis, issueCertificate } from './issue-certificate.ts';
export {
  DEFAULT_STATS_AUDIENCE,
  type StatsTokenOutcome,
  type StatsTokenRefusal,
  type VerifyStatsToken,
  issueStatsToken,
  statsTokenVerifier,
} from './stats-token.ts';
