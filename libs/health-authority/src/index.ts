export type {
  AuthorityKey,
  AuthorizedApp,
  FindApp,
  FindAuthority,
  HealthAuthority,
} from './authority.ts';
export { parseAppId } from './app-id.ts';
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
