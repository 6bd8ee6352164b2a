import { createPublicKey } from 'node:crypto';
import { intact, requireName } from './checksum.ts';
import { type Kms, callOptions } from './connection.ts';
import { SIGNING_ALGORITHM, explainVersion, wrongAlgorithm } from './explain.ts';
import { KmsAnswerFault, KmsFault, faultOf } from './kms-fault.ts';

/** Reads the public half (PEM, SPKI) of an enabled key version that signs as phones expect; throws KmsFault for any other. */
export type ReadPublicKey = (version: string) => Promise<string>;

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
