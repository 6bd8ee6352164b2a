import type { Freshness } from './freshness.ts';

/** Ways in which an upload can be attested, as a request names them (`deviceVerificationType`). */
export const ATTESTATION_TYPES = [
  'play-integrity-standard',
  'play-integrity-classic',
  'app-attest-attestation',
  'app-attest-assertion',
  'devicecheck',
  'safetynet',
] as const;

/** A way in which an upload can be attested. */
export type AttestationType = (typeof ATTESTATION_TYPES)[number];

/** Largest payload of each type, in bytes as sent. Real attestation objects are 5.3 to 5.9 kB, assertions about 140 B. */
export const MAX_PAYLOAD_BYTES: Readonly<Record<AttestationType, number>> = {
  'play-integrity-standard': 32 * 1024,
  'play-integrity-classic': 32 * 1024,
  'app-attest-attestation': 24 * 1024,
  'app-attest-assertion': 6 * 1024,
  devicecheck: 16 * 1024,
  safetynet: 16 * 1024,
};

/** What an application accepts of Play Integrity, in both forms of request. */
export interface PlayPolicy extends Freshness {
  readonly package: string;
  /** SHA-256 of signing certificates, 32 bytes each, in hex. At least one. */
  readonly certificates: readonly string[];
  /** At least one of these must be among a device's labels. */
  readonly deviceLabels: readonly DeviceLabel[];
  /** Also builds that Play does not distribute, which then must carry one of the certificates. */
  readonly allowUnrecognizedVersion: boolean;
  readonly minVersionCode?: number | undefined;
}

/** What Google says of a device; one device can carry several. */
export const DEVICE_LABELS = [
  'MEETS_BASIC_INTEGRITY',
  'MEETS_DEVICE_INTEGRITY',
  'MEETS_STRONG_INTEGRITY',
  'MEETS_VIRTUAL_INTEGRITY',
] as const;

/** A label of Google's for a device. */
export type DeviceLabel = (typeof DEVICE_LABELS)[number];

/** What an application accepts of App Attest. */
export interface AppAttestPolicy {
  /** Ten upper-case letters or digits. */
  readonly teamId: string;
  readonly bundleIds: readonly string[];
  readonly environments: readonly AppleEnvironment[];
  /** Ways in which the app may have come to the phone, by Apple's numbers; undefined allows all. */
  readonly categories?: readonly number[] | undefined;
  /** Refuses systems before iOS 27, which do not state a category. */
  readonly requireCategory: boolean;
}

/** Which of Apple's servers and keys an app was built for. */
export const APPLE_ENVIRONMENTS = ['production', 'development'] as const;

/** One of them. */
export type AppleEnvironment = (typeof APPLE_ENVIRONMENTS)[number];

/** The highest of Apple's numbers for how an app came to a phone; 0 stands for none. */
export const MAX_CATEGORY = 10;

/** What an application accepts of SafetyNet, whose service has ended. */
export interface SafetyNetPolicy extends Freshness {
  readonly package: string;
  /** SHA-256 of signing certificates, in hex. */
  readonly certificates: readonly string[];
  readonly requireCtsProfile: boolean;
}

/** What an application accepts of each mechanism; of one that is absent it accepts nothing. */
export interface AttestationPolicy {
  readonly playIntegrity?: PlayPolicy;
  readonly appAttest?: AppAttestPolicy;
  readonly safetyNet?: SafetyNetPolicy;
}
