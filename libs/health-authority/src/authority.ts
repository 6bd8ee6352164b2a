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
  /** Where it serves its public keys, from which they are learned; absent where only configured ones count. */
  readonly jwks?: string;
  /** Whether it may read the statistics of its uploads. */
  readonly stats: boolean;
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
  /** May change the report type of its keys without the revision token that holds them; for test deployments. */
  readonly bypassRevisionToken: boolean;
  /** Keys that it may publish in a UTC day; without a ceiling any number. */
  readonly maxKeysPerDay?: number;
}

/** Finds the authority that a certificate names; undefined when nobody has this issuer. */
export type FindAuthority = (issuer: string) => Promise<HealthAuthority | undefined>;

/** Finds an application by its id, in any letter case. */
export type FindApp = (id: string) => Promise<AuthorizedApp | undefined>;

/** Regions that one application may have, and one upload may ask for. */
export const MAX_REGIONS = 300;

/** A region as it is stored and compared: upper case; undefined for what no region may be called. */
export function parseRegion(text: string): string | undefined {
  return /^[A-Za-z0-9-]{1,20}$/.test(text) ? text.toUpperCase() : undefined;
}

/** Bytes of an app id: what servers of other makes keep, and apps that are on phones were built with. */
const MAX_BYTES = 255;

/**
 * An app id as it is stored and compared: lower case. Any text will do that shows; undefined for an empty one, a longer one,
 * and one with characters that cannot be seen or written down.
 */
export function parseAppId(text: string): string | undefined {
  // The bound on characters comes first: lower case is made of what a phone sent, however long.
  if (text.length > MAX_BYTES || /[\p{Cs}\p{Cc}]/u.test(text)) return undefined;
  const id = lowerCase(text);
  return id !== '' && Buffer.byteLength(id) <= MAX_BYTES ? id : undefined;
}

/**
 * Lower case letter by letter, one for one, as servers of other makes have it: ids are moved here from their databases.
 * JavaScript's own looks at the end of a word ("ΣΑΣ" gives "σας") and makes two characters of "İ".
 */
const lowerCase = (text: string): string =>
  Array.from(text, (letter) => Array.from(letter.toLowerCase())[0]).join('');
