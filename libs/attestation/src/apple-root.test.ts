import { appleAppAttestRoot, pinnedRoot } from './apple-root.ts';

describe('appleAppAttestRoot', () => {
  it('is Apple’s root, on P-384 and an authority', () => {
    const root = appleAppAttestRoot();
    expect(root.subject).toContain('Apple App Attestation Root CA');
    expect(root.publicKey.asymmetricKeyDetails?.namedCurve).toBe('secp384r1');
    expect([root.ca, root.verify(root.publicKey)]).toEqual([true, true]);
  });

  it('refuses a certificate that is not the pinned one', () => {
    expect(() => pinnedRoot(appleAppAttestRoot().raw, '00')).toThrow('not the pinned one');
  });
});
