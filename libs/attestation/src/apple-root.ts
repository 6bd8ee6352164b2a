import { X509Certificate } from 'node:crypto';

/** SHA-256 over the DER of "Apple App Attestation Root CA", valid 2020-03-18 to 2045-03-15. */
const PIN =
  '1c:b9:82:3b:a2:8b:a6:ad:2d:33:a0:06:94:1d:e2:ae:4f:51:3e:f1:d4:e8:31:b9:f7:e0:fa:7b:62:42:c9:32';

/** As Apple publishes it (apple.com/certificateauthority/private), in DER and base64. */
const DER = `
MIICITCCAaegAwIBAgIQC/O+DvHN0uD7jG5yH2IXmDAKBggqhkjOPQQDAzBSMSYwJAYDVQQDDB1BcHBsZSBBcHAgQXR0ZXN0
YXRpb24gUm9vdCBDQTETMBEGA1UECgwKQXBwbGUgSW5jLjETMBEGA1UECAwKQ2FsaWZvcm5pYTAeFw0yMDAzMTgxODMyNTNa
Fw00NTAzMTUwMDAwMDBaMFIxJjAkBgNVBAMMHUFwcGxlIEFwcCBBdHRlc3RhdGlvbiBSb290IENBMRMwEQYDVQQKDApBcHBs
ZSBJbmMuMRMwEQYDVQQIDApDYWxpZm9ybmlhMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAERTHhmLW07ATaFQIEVwTtT4dyctdh
NbJhFs/Ii2FdCgAHGbpphY3+d8qjuDngIN3WVhQUBHAoMeQ/cLiP1sOUtgjqK9auYen1mMEvRq9Sk3Jm5X8U62H+xTD3FE9T
gS41o0IwQDAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBSskRBTM72+aEH/pwyp5frq5eWKoTAOBgNVHQ8BAf8EBAMCAQYw
CgYIKoZIzj0EAwMDaAAwZQIwQgFGnByvsiVbpTKwSga0kP0e8EeDS4+sQmTvb7vn53O5+FRXgeLhpJ06ysC5PrOyAjEAp5U4
xDgEgllF7En3VcE3iexZZtKeYnpqtijVoyFraWVIyd/dganmrduC1bmTBGwD
`;

/** The root that App Attest's certificates come from. Throws when the bytes are not the pinned ones. */
export const appleAppAttestRoot = (): X509Certificate =>
  pinnedRoot(Buffer.from(DER, 'base64'), PIN);

/** A certificate whose SHA-256 is known, in Node's spelling of fingerprints. Throws when it is another. */
export function pinnedRoot(der: Uint8Array, pin: string): X509Certificate {
  const root = new X509Certificate(der);
  if (root.fingerprint256.toLowerCase() !== pin)
    throw new Error(
      `the root certificate is not the pinned one: its SHA-256 is ${root.fingerprint256}`,
    );
  return root;
}
