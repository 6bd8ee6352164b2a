import type { Upload, UploadFault } from './key-store.ts';
import { type ExposureKey, keyHex } from './key.ts';

/** What an upload changes in the store. */
export type Reconciliation =
  | { readonly kind: 'store'; readonly primaries: readonly ExposureKey[] }
  | { readonly kind: 'refused'; readonly code: UploadFault };

const REFUSAL: Readonly<Record<Upload['token'], UploadFault>> = {
  none: 'missing_revision_token',
  unreadable: 'invalid_revision_token',
};

/**
 * Merges an upload with what is stored already under its keys (in hexadecimal). The token matters only when
 * a key is sent again. A negative result takes earlier keys back, so new keys that come with one are never published.
 */
export function reconcile(
  upload: Pick<Upload, 'keys' | 'token'>,
  stored: ReadonlyMap<string, ExposureKey>,
): Reconciliation {
  if (upload.keys.some((key) => stored.has(keyHex(key.data))))
    return { kind: 'refused', code: REFUSAL[upload.token] };
  return {
    kind: 'store',
    primaries: upload.keys.filter((key) => key.reportType !== 'negative'),
  };
}
