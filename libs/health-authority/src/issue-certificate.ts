import { type KeyObject, createPrivateKey } from 'node:crypto';
import type { CertifiedReportType, OfferedKey } from '@keyserver/exposure-keys';
import type { UnixSeconds } from '@keyserver/time';
import { signCompactToken } from './compact-token.ts';
import { keysMacs } from './keys-mac.ts';

/** What a verification server puts into a certificate. */
export interface Diagnosis {
  /** P-256; a PEM or a key in memory. */
  readonly privateKey: KeyObject | string;
  /** Version under which the public key is registered at the key server. */
  readonly kid: string;
  readonly issuer: string;
  readonly audience: string;
  readonly reportType: CertifiedReportType;
  /** Interval in which symptoms began. */
  readonly onset?: number;
  /** In the spelling in which the phone will publish them. */
  readonly keys: readonly OfferedKey[];
  readonly hmacKey: Uint8Array;
  readonly issuedAt: UnixSeconds;
  readonly lifetimeSeconds: number;
}

/** A diagnosis certificate, as a verification server issues it. Throws a RangeError when there are no keys to certify. */
export function issueCertificate(diagnosis: Diagnosis): string {
  const [mac] = keysMacs(diagnosis.keys, diagnosis.hmacKey);
  if (mac === undefined) throw new RangeError('a certificate needs at least one key');
  const claims = {
    iss: diagnosis.issuer,
    aud: diagnosis.audience,
    iat: diagnosis.issuedAt,
    exp: diagnosis.issuedAt + diagnosis.lifetimeSeconds,
    reportType: diagnosis.reportType,
    symptomOnsetInterval: diagnosis.onset,
    tekmac: Buffer.from(mac).toString('base64'),
  };
  const header = { alg: 'ES256', kid: diagnosis.kid, typ: 'JWT' };
  const key =
    typeof diagnosis.privateKey === 'string'
      ? createPrivateKey(diagnosis.privateKey)
      : diagnosis.privateKey;
  return signCompactToken(JSON.stringify(header), JSON.stringify(claims), key);
}
