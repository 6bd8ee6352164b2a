import type { BoundUpload } from '@keyserver/attestation';
import { KEY_BYTES, decodeTolerantBase64 } from '@keyserver/exposure-keys';
import type { PublishRequest } from './publish-keys.ts';

/**
 * An upload as its attestation covers it: decoded, and nothing of it changed by this server. Undefined when a key or the MAC
 * key is no base64, or a key has another length, since then there is nothing that an attestation could be for.
 */
export function boundUploadOf(
  request: Omit<PublishRequest, 'platform'>,
  challenge?: Uint8Array,
): BoundUpload | undefined {
  const hmacKey = decodeTolerantBase64(request.hmacKey);
  const keys = request.keys.flatMap((key) => {
    const data = decodeTolerantBase64(key.key);
    if (data?.length !== KEY_BYTES) return [];
    const { rollingStartNumber: start, rollingPeriod: period, transmissionRisk: risk } = key;
    return [{ data, start, period, risk }];
  });
  if (hmacKey === undefined || keys.length < request.keys.length) return undefined;
  return {
    app: request.appId,
    regions: request.regions ?? [],
    keys,
    verificationPayload: request.certificate,
    hmacKey,
    onset: request.onset,
    traveler: request.traveler,
    revisionToken: request.revisionToken,
    challenge,
  };
}
