import type { X509Certificate } from 'node:crypto';
import type { UnixMillis } from '@keyserver/time';
import { compactVerify, decodeProtectedHeader } from 'jose';
import { readCertificate } from './certificate-der.ts';
import { type Dated, FRESHNESS_CHECKS } from './freshness.ts';
import { type Check, type Claim, type Verdict, firstFailure, refusal } from './outcome.ts';
import { MAX_PAYLOAD_BYTES, type SafetyNetPolicy } from './policy.ts';
import { type SafetyNetStatement, readStatement } from './safety-net-statement.ts';

/** What a SafetyNet statement is examined against. Its service has ended: this is for history and tests. */
export interface SafetyNetQuestion {
  /** Compact JWS as sent. */
  readonly token: string;
  /** The bytes that the app passed as nonce. */
  readonly nonce: Uint8Array;
  readonly policy: SafetyNetPolicy;
  /** Certificates that a chain may end at. */
  readonly roots: readonly X509Certificate[];
  readonly now: UnixMillis;
}

/** What a statement proves. */
export interface SafetyNetFacts {
  readonly package: string;
}

/** The name in the certificate of whoever signed statements. */
const SIGNER = 'attest.android.com';

/** Real chains had two or three certificates. */
const MAX_CHAIN = 5;

type Chain = readonly [X509Certificate, ...X509Certificate[]];

interface ChainSubject {
  readonly chain: Chain;
  readonly roots: readonly X509Certificate[];
  readonly now: UnixMillis;
}

const CHAIN: readonly Check<ChainSubject>[] = [
  {
    reason: 'chain',
    failure: 'untrusted',
    claim:
      'each certificate is issued and signed by an authority: the next, and the last by an accepted root',
    holds: ({ chain, roots }) =>
      chain.slice(1).every(({ ca }) => ca) &&
      chain.every((each, at) => isIssuedByOne(each, nextOf(chain, at, roots))),
  },
  {
    reason: 'certificate_validity',
    failure: 'untrusted',
    claim: 'all certificates are valid now',
    holds: ({ chain, now }) =>
      chain.every(
        (each) => each.validFromDate.getTime() <= now && now <= each.validToDate.getTime(),
      ),
  },
  {
    reason: 'signer',
    failure: 'untrusted',
    claim: `the first certificate is for ${SIGNER}`,
    holds: ({ chain: [leaf] }) =>
      leaf.checkHost(SIGNER, { wildcards: false, subject: 'never' }) !== undefined,
  },
];

interface Subject {
  readonly statement: SafetyNetStatement;
  readonly nonce: Uint8Array;
  readonly policy: SafetyNetPolicy;
}

const BINDING: readonly Check<Subject>[] = [
  {
    reason: 'nonce',
    failure: 'binding',
    claim: 'the nonce is the one of this upload',
    holds: ({ statement, nonce }) => statement.nonce.equals(nonce),
  },
];

const POLICY: readonly Check<Subject>[] = [
  {
    reason: 'package',
    failure: 'untrusted',
    claim: 'the app is the policy’s package',
    holds: ({ statement, policy }) => statement.package === policy.package,
  },
  {
    reason: 'certificate',
    failure: 'untrusted',
    claim: 'the app is signed with one of the policy’s certificates',
    holds: ({ statement, policy }) =>
      statement.certificates.some((each) => policy.certificates.includes(each)),
  },
  {
    reason: 'basic_integrity',
    failure: 'policy',
    claim: 'the device has basic integrity',
    holds: ({ statement }) => statement.basicIntegrity,
  },
  {
    reason: 'cts_profile',
    failure: 'policy',
    claim: 'the device matches a certified profile, if the policy requires it',
    holds: ({ statement, policy }) => statement.ctsProfileMatch || !policy.requireCtsProfile,
  },
];

const TOKEN: Claim = {
  reason: 'token',
  failure: 'malformed',
  claim: 'the token is a compact JWS with a chain of certificates in DER',
};
const SIGNATURE: Claim = {
  reason: 'signature',
  failure: 'untrusted',
  claim: 'the first certificate’s key signed it (RS256)',
};
const STATEMENT: Claim = {
  reason: 'statement',
  failure: 'malformed',
  claim: 'the payload has the members and types of a statement',
};

/** All that is checked of a statement, in order. */
export const SAFETY_NET_CLAIMS: readonly Claim[] = [
  TOKEN,
  ...CHAIN,
  SIGNATURE,
  STATEMENT,
  ...BINDING,
  ...FRESHNESS_CHECKS,
  ...POLICY,
];

/** Examines a statement of a service that has ended. */
export async function verifySafetyNet(
  question: SafetyNetQuestion,
): Promise<Verdict<SafetyNetFacts>> {
  const { token, nonce, policy, roots, now } = question;
  const chain = chainOf(token);
  if (chain === undefined) return refusal(TOKEN.failure, TOKEN.reason);
  const untrusted = firstFailure(CHAIN, { chain, roots, now });
  if (untrusted !== undefined) return untrusted;
  const payload = await signedPayload(token, chain[0]);
  if (payload === undefined) return refusal(SIGNATURE.failure, SIGNATURE.reason);
  const statement = readStatement(payload);
  if (statement === undefined) return refusal(STATEMENT.failure, STATEMENT.reason);
  const subject = { statement, nonce, policy };
  const dated: Dated = { madeAt: statement.madeAt, now, freshness: policy };
  return (
    firstFailure(BINDING, subject) ??
    firstFailure(FRESHNESS_CHECKS, dated) ??
    firstFailure(POLICY, subject) ?? { kind: 'ok', facts: { package: policy.package } }
  );
}

function chainOf(token: string): Chain | undefined {
  if (token.length > MAX_PAYLOAD_BYTES.safetynet) return undefined;
  const encoded = certificatesIn(token);
  if (encoded === undefined || encoded.length > MAX_CHAIN) return undefined;
  const chain = encoded.map((each) => readCertificate(Buffer.from(each, 'base64'))?.certificate);
  const [leaf, ...others] = chain.filter((each) => each !== undefined);
  return leaf === undefined || others.length + 1 < encoded.length ? undefined : [leaf, ...others];
}

function certificatesIn(token: string): readonly string[] | undefined {
  try {
    return decodeProtectedHeader(token).x5c;
  } catch {
    return undefined;
  }
}

async function signedPayload(
  token: string,
  { publicKey }: X509Certificate,
): Promise<Uint8Array | undefined> {
  try {
    return (await compactVerify(token, publicKey, { algorithms: ['RS256'] })).payload;
  } catch {
    return undefined;
  }
}

const nextOf = (
  chain: Chain,
  at: number,
  roots: readonly X509Certificate[],
): readonly X509Certificate[] => {
  const next = chain[at + 1];
  return next === undefined ? roots : [next];
};

const isIssuedByOne = (
  certificate: X509Certificate,
  issuers: readonly X509Certificate[],
): boolean =>
  issuers.some((issuer) => certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
