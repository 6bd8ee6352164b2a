import type { KeyObject, X509Certificate } from 'node:crypto';
import type { UnixMillis } from '@keyserver/time';
import { APPLICATION, CATEGORY, FLAGS, appIdOf, sha256 } from './app-attest-checks.ts';
import {
  type AttestationObject,
  type AuthenticatorData,
  readAttestation,
} from './app-attest-object.ts';
import { readAppAttestPayload } from './app-attest-payload.ts';
import { type ReadCertificate, appleNonce, readCertificate } from './certificate-der.ts';
import { type Check, type Claim, type Verdict, firstFailure, refusal } from './outcome.ts';
import { APPLE_ENVIRONMENTS, type AppAttestPolicy, type AppleEnvironment } from './policy.ts';

/** What an attestation is examined against. */
export interface AttestationQuestion {
  /** As sent: key id and object in base64url, with a point between. */
  readonly payload: string;
  /** 32 bytes: the digest of the upload. */
  readonly clientDataHash: Uint8Array;
  readonly policy: AppAttestPolicy;
  readonly now: UnixMillis;
}

/** What an attestation proves. */
export interface AppAttestFacts {
  /** `<teamId>.<bundleId>`. */
  readonly appId: string;
  readonly environment: AppleEnvironment;
  /** How the app came to the phone, by Apple's numbers; undefined before iOS 27. */
  readonly category: number | undefined;
  readonly bundleVersion: string | undefined;
  /** Of the attested key. It identifies an installation: keep it only where assertions are wanted. */
  readonly publicKey: KeyObject;
}

/** Examines attestations by Apple's steps ("Validating apps that connect to your server"). */
export type VerifyAppAttest = (question: AttestationQuestion) => Verdict<AppAttestFacts>;

interface Subject {
  readonly keyId: Uint8Array;
  readonly object: AttestationObject;
  readonly authData: AuthenticatorData;
  readonly extensions: AttestationObject['attested']['extensions'];
  readonly leaf: ReadCertificate;
  readonly intermediate: ReadCertificate;
  readonly root: X509Certificate;
  readonly isIssuedByRoot: (certificate: X509Certificate) => boolean;
  readonly clientDataHash: Uint8Array;
  readonly policy: AppAttestPolicy;
  readonly now: UnixMillis;
}

const CHAIN: readonly Check<Subject>[] = [
  {
    reason: 'intermediate_not_ca',
    failure: 'untrusted',
    claim: 'the second certificate is one of an authority',
    holds: ({ intermediate }) => intermediate.certificate.ca,
  },
  {
    reason: 'intermediate_issuer',
    failure: 'untrusted',
    claim: 'the second certificate was issued and signed by Apple’s root',
    holds: ({ intermediate, isIssuedByRoot }) => isIssuedByRoot(intermediate.certificate),
  },
  {
    reason: 'leaf_is_ca',
    failure: 'untrusted',
    claim: 'the first certificate is not one of an authority',
    holds: ({ leaf }) => !leaf.certificate.ca,
  },
  {
    reason: 'leaf_issuer',
    failure: 'untrusted',
    claim: 'the first certificate was issued and signed by the second',
    holds: ({ leaf, intermediate }) => isIssuedBy(leaf.certificate, intermediate.certificate),
  },
  {
    reason: 'certificate_validity',
    failure: 'untrusted',
    claim: 'both certificates and the root are valid now',
    holds: ({ leaf, intermediate, root, now }) =>
      [leaf.certificate, intermediate.certificate, root].every((each) => isValidAt(each, now)),
  },
];

const NONCE: readonly Check<Subject>[] = [
  {
    reason: 'nonce_extension',
    failure: 'untrusted',
    claim: 'the first certificate carries exactly one nonce (extension 1.2.840.113635.100.8.2)',
    holds: ({ leaf }) => appleNonce(leaf.extensions) !== undefined,
  },
  {
    reason: 'nonce',
    failure: 'binding',
    claim: 'the nonce is SHA-256 over the authenticator data and the digest of this upload',
    holds: ({ leaf, authData, clientDataHash }) =>
      sha256(authData.bytes, clientDataHash).equals(
        appleNonce(leaf.extensions) ?? new Uint8Array(),
      ),
  },
];

const KEY: readonly Check<Subject>[] = [
  {
    reason: 'leaf_key',
    failure: 'untrusted',
    claim: 'the first certificate is for an EC key on P-256',
    holds: ({ leaf }) => pointOf(leaf.certificate.publicKey) !== undefined,
  },
  {
    reason: 'key_id',
    failure: 'untrusted',
    claim: 'the key id is SHA-256 over the point of the certificate’s key',
    holds: ({ leaf, keyId }) =>
      sha256(pointOf(leaf.certificate.publicKey) ?? new Uint8Array()).equals(keyId),
  },
  {
    reason: 'credential_id',
    failure: 'untrusted',
    claim: 'the credential id equals the key id',
    holds: ({ object, keyId }) => Buffer.compare(object.attested.credentialId, keyId) === 0,
  },
  {
    reason: 'credential_key',
    failure: 'untrusted',
    claim: 'the credential’s key equals the certificate’s key',
    holds: ({ object: { attested }, leaf }) =>
      Buffer.concat([UNCOMPRESSED, attested.point.x, attested.point.y]).equals(
        pointOf(leaf.certificate.publicKey) ?? new Uint8Array(),
      ),
  },
];

const ENVIRONMENT: readonly Check<Subject>[] = [
  {
    reason: 'counter',
    failure: 'untrusted',
    claim: 'the key has not been used: its counter is 0',
    holds: ({ authData }) => authData.counter === 0,
  },
  {
    reason: 'aaguid',
    failure: 'untrusted',
    claim: 'all 16 bytes of the aaguid name one of Apple’s environments',
    holds: ({ object }) => environmentOf(object.attested.aaguid) !== undefined,
  },
  {
    reason: 'environment',
    failure: 'policy',
    claim: 'the environment is one that the policy allows',
    holds: ({ object, policy }) =>
      policy.environments.some((each) => each === environmentOf(object.attested.aaguid)),
  },
];

const CHECKS: readonly Check<Subject>[] = [
  FLAGS,
  ...CHAIN,
  ...NONCE,
  ...KEY,
  APPLICATION,
  ...ENVIRONMENT,
  ...CATEGORY,
];

const PAYLOAD: Claim = {
  reason: 'payload',
  failure: 'malformed',
  claim: 'the payload is the key id (32 bytes) and the object, in base64url, with a point between',
};
const OBJECT: Claim = {
  reason: 'object',
  failure: 'malformed',
  claim: 'the object is one CBOR map of Apple’s form, with two certificates',
};
const CERTIFICATES: Claim = {
  reason: 'certificates',
  failure: 'malformed',
  claim: 'both certificates are DER and nothing else',
};

/** All that is checked of an attestation, in order. */
export const APP_ATTEST_CLAIMS: readonly Claim[] = [PAYLOAD, OBJECT, CERTIFICATES, ...CHECKS];

/** A verifier that trusts one root. It remembers the intermediates that the root vouched for, of which Apple has one. */
export function appAttestVerifier(root: X509Certificate): VerifyAppAttest {
  const isIssuedByRoot = issuedByRoot(root);
  return ({ payload, clientDataHash, policy, now }) => {
    const parts = readAppAttestPayload('app-attest-attestation', payload);
    if (parts === undefined) return refusal(PAYLOAD.failure, PAYLOAD.reason);
    const object = readAttestation(parts.object);
    if (object === undefined) return refusal(OBJECT.failure, OBJECT.reason);
    const [leaf, intermediate] = object.certificates.map(readCertificate);
    if (leaf === undefined || intermediate === undefined)
      return refusal(CERTIFICATES.failure, CERTIFICATES.reason);
    const { authData, attested } = object;
    const subject = {
      ...{ keyId: parts.keyId, object, authData, extensions: attested.extensions },
      ...{ leaf, intermediate, root, isIssuedByRoot, clientDataHash, policy, now },
    };
    return firstFailure(CHECKS, subject) ?? { kind: 'ok', facts: factsOf(subject) };
  };
}

function factsOf({ authData, object, extensions, leaf, policy }: Subject): AppAttestFacts {
  const appId = appIdOf(authData, policy);
  const environment = environmentOf(object.attested.aaguid);
  if (appId === undefined || environment === undefined)
    throw new Error('an attestation without application or environment passed the checks');
  const { category, bundleVersion } = extensions;
  return { appId, environment, category, bundleVersion, publicKey: leaf.certificate.publicKey };
}

/** Compared whole: the development value begins with the letters of the production value. */
const AAGUIDS: Readonly<Record<AppleEnvironment, Buffer>> = {
  production: Buffer.from('appattest\0\0\0\0\0\0\0'),
  development: Buffer.from('appattestdevelop'),
};

const environmentOf = (aaguid: Uint8Array): AppleEnvironment | undefined =>
  APPLE_ENVIRONMENTS.find((environment) => AAGUIDS[environment].equals(aaguid));

const UNCOMPRESSED = Uint8Array.of(0x04);

/** The point of a P-256 key, uncompressed, 65 bytes. */
function pointOf(key: KeyObject): Buffer | undefined {
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([UNCOMPRESSED, Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

const isValidAt = ({ validFromDate, validToDate }: X509Certificate, now: UnixMillis): boolean =>
  validFromDate.getTime() <= now && now <= validToDate.getTime();

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

/** Enough for every intermediate that Apple may use at a time. */
const REMEMBERED_INTERMEDIATES = 8;

/** A P-384 signature takes half a millisecond to verify, so what the root signed is remembered, and only that. */
function issuedByRoot(root: X509Certificate): Subject['isIssuedByRoot'] {
  const known = new Set<string>();
  return (certificate) => {
    if (known.has(certificate.fingerprint256)) return true;
    if (!isIssuedBy(certificate, root)) return false;
    if (known.size >= REMEMBERED_INTERMEDIATES) known.clear();
    known.add(certificate.fingerprint256);
    return true;
  };
}
