import { type KeyObject, verify } from 'node:crypto';
import {
  APPLICATION,
  type AppleSubject,
  CATEGORY,
  FLAGS,
  appIdOf,
  sha256,
} from './app-attest-checks.ts';
import { readAssertion } from './app-attest-object.ts';
import { readAppAttestPayload } from './app-attest-payload.ts';
import { type Check, type Claim, type Verdict, firstFailure, refusal } from './outcome.ts';
import type { AppAttestPolicy } from './policy.ts';

/** What an assertion is examined against. */
export interface AssertionQuestion {
  /** As sent: key id and object in base64url, with a point between. */
  readonly payload: string;
  /** 32 bytes: SHA-256 over the client data, which is the digest of the upload. */
  readonly clientDataHash: Uint8Array;
  /** What is stored of the key by its id; undefined when nothing is, which is normal after a new installation. */
  readonly findKey: (keyId: Uint8Array) => Promise<RegisteredKey | undefined>;
  readonly policy: AppAttestPolicy;
}

/** A key that was attested before. */
export interface RegisteredKey {
  /** The application that it was attested for. */
  readonly appId: string;
  readonly publicKey: KeyObject;
  /** The highest that was seen, 0 to 2^32 - 1. */
  readonly counter: number;
}

/** What an assertion proves, and what is to be stored with the key: only if its counter has not changed since. */
export interface AssertionFacts {
  readonly appId: string;
  readonly keyId: Uint8Array;
  readonly counter: number;
  readonly category: number | undefined;
  readonly bundleVersion: string | undefined;
}

interface Subject extends AppleSubject {
  readonly key: RegisteredKey;
  readonly signature: Uint8Array;
  readonly clientDataHash: Uint8Array;
}

const CHECKS: readonly Check<Subject>[] = [
  FLAGS,
  {
    reason: 'signature',
    failure: 'untrusted',
    claim: 'the key signed the authenticator data and the digest of this upload, and of no other',
    holds: ({ authData, signature, clientDataHash, key }) =>
      // The nonce is the message: ECDSA hashes it once more.
      verify('sha256', sha256(authData.bytes, clientDataHash), key.publicKey, signature),
  },
  APPLICATION,
  {
    reason: 'key_app',
    failure: 'untrusted',
    claim: 'the key was attested for this application',
    holds: ({ authData, policy, key }) => appIdOf(authData, policy) === key.appId,
  },
  {
    reason: 'counter',
    failure: 'replayed',
    claim: 'the counter is higher than the one that is stored',
    holds: ({ authData, key }) => authData.counter > key.counter,
  },
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
  claim: 'the object is one CBOR map with a signature and authenticator data',
};
const REGISTERED: Claim = {
  reason: 'unknown_key',
  failure: 'untrusted',
  claim: 'the key was attested before',
};

/** All that is checked of an assertion, in order. */
export const ASSERTION_CLAIMS: readonly Claim[] = [PAYLOAD, OBJECT, REGISTERED, ...CHECKS];

/** Examines an assertion. A fault of the key store is thrown. */
export async function verifyAssertion(
  question: AssertionQuestion,
): Promise<Verdict<AssertionFacts>> {
  const parts = readAppAttestPayload('app-attest-assertion', question.payload);
  if (parts === undefined) return refusal(PAYLOAD.failure, PAYLOAD.reason);
  const object = readAssertion(parts.object);
  if (object === undefined) return refusal(OBJECT.failure, OBJECT.reason);
  const key = await question.findKey(parts.keyId);
  if (key === undefined) return refusal(REGISTERED.failure, REGISTERED.reason);
  const { clientDataHash, policy } = question;
  const failed = firstFailure(CHECKS, { ...object, key, clientDataHash, policy });
  if (failed !== undefined) return failed;
  const { category, bundleVersion } = object.extensions;
  const { counter } = object.authData;
  return {
    kind: 'ok',
    facts: { appId: key.appId, keyId: parts.keyId, counter, category, bundleVersion },
  };
}
