import { type JsonMembers, integerMember, textMember } from './json-members.ts';

/** What a diagnosis certificate states, readable but not believed yet. Names that are not listed mean nothing here. */
export interface Claims {
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  /** Unix seconds. */
  readonly expires: number | undefined;
  readonly issuedAt: number | undefined;
  readonly notBefore: number | undefined;
  readonly reportType: string | undefined;
  /** Interval number. */
  readonly onset: number | undefined;
  /** The keys' MAC in base64. */
  readonly keysMac: string | undefined;
}

const UINT32 = { min: 0, max: 2 ** 32 - 1 };

/** Reads the claims of a certificate; undefined when one has the wrong type, such as a list of audiences. */
export function readClaims(members: JsonMembers): Claims | undefined {
  const claims = {
    issuer: textMember(members, 'iss'),
    audience: textMember(members, 'aud'),
    expires: integerMember(members, 'exp'),
    issuedAt: integerMember(members, 'iat'),
    notBefore: integerMember(members, 'nbf'),
    reportType: textMember(members, 'reportType'),
    onset: integerMember(members, 'symptomOnsetInterval', UINT32),
    keysMac: textMember(members, 'tekmac'),
  };
  return isWhole(claims) ? claims : undefined;
}

type Unchecked = { readonly [Name in keyof Claims]: Claims[Name] | null };

const isWhole = (claims: Unchecked): claims is Claims => !Object.values(claims).includes(null);
