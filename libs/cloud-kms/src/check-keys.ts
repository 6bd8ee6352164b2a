import { tryOut } from '@keyserver/export-file';
import type { Kms } from './connection.ts';
import { explainVersion, explainWrappingKey } from './explain.ts';
import { wrapperUnder } from './key-wrapper.ts';
import { KmsFault, faultOf } from './kms-fault.ts';
import { type SigningKeys, openSigner } from './signer.ts';

/** Keys by their full names: the versions that sign, and the keys that wrap. */
export interface NamedKeys {
  readonly signing?: readonly string[];
  readonly wrapping?: readonly string[];
}

const PROBE = new TextEncoder().encode('key server check: can this key wrap?');

/** Uses each key once, as a permission to look at a key does not say that it may be used; gives what is wrong with any. */
export async function checkKeys(
  keys: SigningKeys,
  { signing = [], wrapping = [] }: NamedKeys,
): Promise<readonly KmsFault[]> {
  const found = await Promise.all([
    ...signing.map(async (version) => await checkSigning(keys, version)),
    ...wrapping.map(async (key) => await checkWrapping(keys.kms, key)),
  ]);
  return found.filter((fault) => fault !== undefined);
}

/** Makes a signature with a key version; gives what is wrong when it cannot. */
export async function checkSigning(
  keys: SigningKeys,
  version: string,
): Promise<KmsFault | undefined> {
  try {
    await tryOut(await openSigner(keys, version));
    return undefined;
  } catch (error) {
    return await explainVersion(keys.kms, faultOf(version, error));
  }
}

async function checkWrapping(kms: Kms, key: string): Promise<KmsFault | undefined> {
  try {
    const wrapper = wrapperUnder(kms, key);
    const back = await wrapper.unwrap(await wrapper.wrap(PROBE, PROBE), PROBE);
    if (back !== undefined && Buffer.compare(back, PROBE) === 0) return undefined;
    return new KmsFault(key, 'corrupt', 'does not unwrap what it has wrapped');
  } catch (error) {
    return await explainWrappingKey(kms, faultOf(key, error));
  }
}
