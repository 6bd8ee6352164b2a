import {
  type FindSigner,
  type FindSigningKeys,
  KEYS_HEADERS,
  type OpenBucket,
  type SigningKey,
  type VerificationKey,
  parseVerificationKeys,
  renderVerificationKeys,
  verificationKeysName,
} from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';
import type { Pause } from './pause.ts';
import { replaceObject } from './replace-object.ts';

/** What it takes to publish verification keys. */
export interface VerificationKeysDeps {
  readonly findSigningKeys: FindSigningKeys;
  readonly findSigner: FindSigner;
  readonly openBucket: OpenBucket;
  readonly pause: Pause;
}

/**
 * Publishes the public keys of these signing keys beside the index: all that a listed file may be signed with, so that
 * anybody can check it. Keys that ended before `since` have signed no listed file.
 */
export async function publishVerificationKeys(
  deps: VerificationKeysDeps,
  of: {
    readonly bucket: string;
    readonly filenameRoot: string;
    readonly signingKeys: readonly string[];
    readonly since: UnixMillis;
  },
  signal: AbortSignal,
): Promise<boolean> {
  const declared = await deps.findSigningKeys(of.signingKeys);
  const wanted = declared.filter(({ thru }) => thru === undefined || thru > of.since);
  return await replaceObject(
    {
      bucket: deps.openBucket(of.bucket),
      name: verificationKeysName(of.filenameRoot),
      headers: KEYS_HEADERS,
      contentAfter: async (present) => {
        const published = present === undefined ? undefined : parseVerificationKeys(present);
        return renderVerificationKeys(await publicKeysOf(deps, wanted, published ?? []));
      },
    },
    deps.pause,
    signal,
  );
}

async function publicKeysOf(
  { findSigner }: VerificationKeysDeps,
  wanted: readonly SigningKey[],
  published: readonly VerificationKey[],
): Promise<readonly VerificationKey[]> {
  const keys: VerificationKey[] = [];
  for (const { keyId, keyVersion, signingKey, from, thru } of wanted) {
    const signer = await findSigner(signingKey);
    // A key that was destroyed still verifies what it has signed.
    const before = published.find((key) => key.keyId === keyId && key.keyVersion === keyVersion);
    const publicKey = signer === undefined ? before?.publicKey : await signer.publicKey();
    if (publicKey !== undefined) keys.push({ keyId, keyVersion, publicKey, from, thru });
  }
  return keys;
}
