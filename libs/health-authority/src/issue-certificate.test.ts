import { unixSeconds } from '@keyserver/time';
import { certificateVerifier } from './certificate.ts';
import { type Diagnosis, issueCertificate } from './issue-certificate.ts';
import { certifyingAuthority } from './testing/certifying.ts';
import { S16, S32, SPELLING, vectorApp, vectorKey } from './testing/vectors.ts';

const issuedAt = unixSeconds(1_620_123_420);
const { authority, privateKey } = certifyingAuthority();
const diagnosis: Diagnosis = {
  privateKey,
  kid: 'v1',
  issuer: authority.issuer,
  audience: authority.audience,
  reportType: 'confirmed',
  keys: [vectorKey(SPELLING.A, 2_700_000, 144)],
  hmacKey: S32,
  issuedAt,
  lifetimeSeconds: 60,
};
const verify = async (certificate: string, now: number, hmacKey = S32) => {
  const outcome = await certificateVerifier(() => Promise.resolve(authority))(
    {
      certificate,
      hmacKey: Buffer.from(hmacKey).toString('base64'),
      keys: diagnosis.keys,
      app: { ...vectorApp, authorities: [authority.id] },
    },
    unixSeconds(now),
  );
  return outcome.kind === 'refused' ? outcome.reason : outcome;
};
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('an issued certificate', () => {
  it.each([
    ['a key in memory', privateKey],
    ['a PEM', pem],
  ])('is verified by the key server when signed with %s', async (_what, key) => {
    expect(
      await verify(issueCertificate({ ...diagnosis, privateKey: key, onset: 2_699_712 }), issuedAt),
    ).toEqual({
      kind: 'verified',
      authority: { id: 1, name: 'Test Authority' },
      reportType: 'confirmed',
      onset: 2_699_712,
    });
  });

  it('states no onset when none is known', async () => {
    expect(await verify(issueCertificate(diagnosis), issuedAt)).toMatchObject({
      kind: 'verified',
      onset: undefined,
    });
  });

  it.each([
    [-6, 'not_yet_valid'],
    [61, 'expired'],
  ])('is valid for its lifetime and not at second %d of it', async (second, reason) => {
    expect(await verify(issueCertificate(diagnosis), issuedAt + second)).toBe(reason);
  });

  it('covers its keys under its own secret only', async () => {
    expect(await verify(issueCertificate(diagnosis), issuedAt, S16)).toBe('mac_mismatch');
  });

  it('cannot be issued over no keys', () => {
    expect(() => issueCertificate({ ...diagnosis, keys: [] })).toThrow(RangeError);
  });
});
