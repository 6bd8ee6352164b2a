import type { FindSigningKeys, ListExports } from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';
import { isInForce } from './signers.ts';

/** What the exports that have not ended need of the platform. */
export interface InUse {
  /** The platform's names of the keys that sign now. */
  readonly signing: readonly string[];
  /** The same for each export that has any. */
  readonly signingOf: readonly (readonly string[])[];
  readonly buckets: readonly string[];
}

/** Finds what would stop exports if the platform did not have it. */
export async function inUse(
  deps: { readonly listExports: ListExports; readonly findSigningKeys: FindSigningKeys },
  now: UnixMillis,
): Promise<InUse> {
  const exports = (await deps.listExports()).filter(({ thru }) => thru === undefined || now < thru);
  const keys = await deps.findSigningKeys(exports.flatMap(({ signingKeys }) => signingKeys));
  const inForce = keys.filter((key) => isInForce(key, now));
  const signingOf = exports
    .map(({ signingKeys }) =>
      inForce.filter(({ id }) => signingKeys.includes(id)).map(({ signingKey }) => signingKey),
    )
    .filter((names) => names.length > 0);
  return {
    signing: [...new Set(signingOf.flat())],
    signingOf,
    buckets: [...new Set(exports.map(({ bucket }) => bucket))],
  };
}
