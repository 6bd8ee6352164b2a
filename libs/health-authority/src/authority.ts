import type { UnixMillis } from '@keyserver/time';

/** A public key of a health authority; valid strictly between `from` and `thru`. */
export interface AuthorityKey {
  /** The `kid` of certificates signed with it. */
  readonly version: string;
  /** PEM, SubjectPublicKeyInfo, P-256. */
  readonly publicKey: string;
  readonly from: UnixMillis;
  readonly thru: UnixMillis | undefined;
}

/** A health authority whose verification server signs diagnosis certificates. */
export interface HealthAuthority {
  readonly id: number;
  readonly issuer: string;
  readonly audience: string;
  readonly name: string;
  readonly keys: readonly AuthorityKey[];
}

/** An application that may publish here. */
export interface AuthorizedApp {
  /** Package name, bundle id or any other text that the app was built with, lower case. */
  readonly id: string;
  /** Upper case. */
  readonly regions: readonly string[];
  /** Ids of the authorities whose certificates it may use. */
  readonly authorities: readonly number[];
  /** Takes uploads without a valid certificate; for test deployments. */
  readonly bypassCertificate: boolean;
}

/** Finds the authority that a certificate names; undefined when nobody has this issuer. */
export type FindAuthority = (issuer: string) => Promise<HealthAuthority | undefined>;

/** Finds an application by its id, in any letter case. */
export type FindApp = (id: string) => Promise<AuthorizedApp | undefined>;
