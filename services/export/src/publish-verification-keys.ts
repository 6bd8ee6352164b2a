import {
  type OpenBucket,
  type SigningKey,
  type VerificationKey,
  keysHeaders,
  openSigner,
  renderVerificationKeys,
  verificationKeysName,
} from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';
import type { Pause } from './pause.ts';
import { replaceObject } from './replace-object.ts';
import type { SignerDeps } from './signers.ts';

/** What it takes to publish verification keys. */
export interface VerificationKeysDeps extends SignerDeps {
  readonly openBucket: OpenBucket;
  readonly pause: Pause;
  /** For how long caches may keep the keys and the index beside them, in seconds. */
  readonly indexMaxAgeSeconds: number;
}

/**
 * Publishes the public keys of these signing keys beside the index: those that have signed, so that anybody can check any
 * listed file, and those that can sign, so that they are known before they do. Keys that ended before `since` have signed no
 * listed file.
 */
export async function publishVerificationKeys(
  deps: VerificationKeysDeps,
  options: {
    readonly bucket: string;
    readonly filenameRoot: string;
    readonly signingKeys: readonly string[];
    readonly since: UnixMillis;
  },
  signal: AbortSignal,
): Promise<boolean> {
  const declared = await deps.findSigningKeys(options.signingKeys);
  const wanted = declared.filter(({ thru }) => thru === undefined || thru > options.since);
  return await replaceObject(
    {
      bucket: deps.openBucket(options.bucket),
      name: verificationKeysName(options.filenameRoot),
      headers: keysHeaders(deps.indexMaxAgeSeconds),
      contentAfter: async () => renderVerificationKeys(await publicKeysOf(deps, wanted)),
    },
    deps.pause,
    signal,
  );
}

async function publicKeysOf(
  deps: SignerDeps,
  wanted: readonly SigningKey[],
): Promise<readonly VerificationKey[]> {
  const keys: VerificationKey[] = [];
  for (const key of wanted) {
    const { keyId, keyVersion, from, thru } = key;
    // A key that was destroyed or replaced still verifies what it has signed.
    const publicKey = (await deps.usedKeys.find(key)) ?? (await usablePublicKey(deps, key));
    if (publicKey !== undefined) keys.push({ keyId, keyVersion, publicKey, from, thru });
  }
  return keys;
}

async function usablePublicKey(deps: SignerDeps, key: SigningKey): Promise<string | undefined> {
  const opened = await openSigner(deps, key);
  return opened.kind === 'usable' ? opened.publicKey : undefined;
}
