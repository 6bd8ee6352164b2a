import { createHash, createPublicKey, createVerify } from 'node:crypto';
import {
  type FindSigner,
  type SignatureInProgress,
  type Signer,
  tryOut,
} from '@keyserver/export-file';
import { checksumOf, intact, requireName, requireVerified } from './checksum.ts';
import { type Kms, callOptions } from './connection.ts';
import { SIGNING_ALGORITHM, explainVersion, wrongAlgorithm } from './explain.ts';
import {
  type KeyProblem,
  KmsAnswerFault,
  KmsFault,
  faultOf,
  requireVersionName,
} from './kms-fault.ts';

/** Problems of a key that is not there to sign now, which an export may do without when it has others. */
const ABSENT: readonly KeyProblem[] = ['malformed_name', 'not_found', 'not_enabled'];

/** Reads the public half (PEM, SPKI) of an enabled key version that signs as phones expect; throws KmsFault for any other. */
type ReadPublicKey = (version: string) => Promise<string>;

/** Cloud KMS, and what is remembered of its key versions. */
export interface SigningKeys {
  readonly kms: Kms;
  readonly readPublicKey: ReadPublicKey;
  /** Versions that would not sign when asked to, although their public half was shown. */
  readonly refusing: Set<string>;
}

/**
 * Finds the key versions that can sign now. A version that is unknown, disabled or destroyed is undefined; one that is there
 * but unfit or forbidden is a mistake of the operator and a KmsFault.
 */
export function findSigners(keys: SigningKeys): FindSigner {
  return async (version) => {
    try {
      const signer = await openSigner(keys, version);
      // It takes a while until all of Cloud KMS knows that a version is disabled, and a job must not fail for as long.
      if (keys.refusing.has(version)) await tryOut(signer);
      keys.refusing.delete(version);
      return signer;
    } catch (error) {
      if (error instanceof KmsFault && ABSENT.includes(error.code)) return undefined;
      throw error;
    }
  };
}

/** The signer of a key version; throws KmsFault for any that cannot sign. */
export async function openSigner(keys: SigningKeys, version: string): Promise<Signer> {
  requireVersionName(version);
  const publicKey = await keys.readPublicKey(version);
  return {
    begin: () => beginSignature(keys, { version, publicKey }),
    publicKey: () => Promise.resolve(publicKey),
  };
}

interface KnownVersion {
  readonly version: string;
  readonly publicKey: string;
}

/** Only the digest leaves this machine. The message is also fed to a check of what comes back. */
function beginSignature(
  keys: SigningKeys,
  { version, publicKey }: KnownVersion,
): SignatureInProgress {
  const hash = createHash('sha256');
  const verify = createVerify('sha256');
  return {
    update: (piece) => {
      hash.update(piece);
      verify.update(piece);
    },
    finish: async () => {
      const signature = await signDigest(keys, version, hash.digest());
      if (verify.verify(publicKey, signature)) return signature;
      const advice = 'has made a signature that its public key does not verify; it is not used';
      throw new KmsFault(version, 'corrupt', advice);
    },
  };
}

async function signDigest(
  { kms, refusing }: SigningKeys,
  version: string,
  digest: Uint8Array,
): Promise<Uint8Array> {
  const request = { name: version, digest: { sha256: digest }, digestCrc32c: checksumOf(digest) };
  try {
    return await kms.ask(async (timeoutMs) => {
      const [answer] = await kms.client.asymmetricSign(request, callOptions(timeoutMs));
      requireName(answer.name === version);
      requireVerified(answer.verifiedDigestCrc32c);
      return intact('signature', answer.signature, answer.signatureCrc32c);
    });
  } catch (error) {
    const fault = faultOf(version, error);
    if (ABSENT.includes(fault.code)) refusing.add(version);
    throw fault;
  }
}

/**
 * Cloud KMS is asked each time, as a version can be disabled at any time. Its public half never changes, so one that is not
 * the first is not believed.
 */
export function readPublicKeys(kms: Kms): ReadPublicKey {
  const known = new Map<string, string>();
  return async (version) => {
    const pem = await fetchPublicKey(kms, version);
    const first = known.get(version) ?? pem;
    known.set(version, first);
    if (first === pem) return pem;
    const advice = 'has another public key than before, which never happens; it is not used';
    throw new KmsFault(version, 'corrupt', advice);
  };
}

async function fetchPublicKey(kms: Kms, version: string): Promise<string> {
  try {
    return await kms.ask(async (timeoutMs) => {
      const [key] = await kms.client.getPublicKey({ name: version }, callOptions(timeoutMs));
      requireName(key.name === version);
      const pem = intact('public key', Buffer.from(key.pem ?? ''), key.pemCrc32c);
      if (key.algorithm !== SIGNING_ALGORITHM) throw wrongAlgorithm(version, key.algorithm);
      return normalPem(pem);
    });
  } catch (error) {
    throw await explainVersion(kms, faultOf(version, error));
  }
}

/** The key as this server writes all keys, however Cloud KMS ends lines. */
function normalPem(pem: Uint8Array): string {
  try {
    return createPublicKey(Buffer.from(pem)).export({ type: 'spki', format: 'pem' }).toString();
  } catch (error) {
    throw new KmsAnswerFault('Cloud KMS gave a public key that cannot be read', { cause: error });
  }
}
