import { X509Certificate } from 'node:crypto';
import { type SafetyNetSigner, safetyNetSigner } from '@keyserver/stand-ins/attestation';
import { DAY, MINUTE, unixMillis } from '@keyserver/time';
import { USUAL_FRESHNESS } from './freshness.ts';
import type { SafetyNetPolicy } from './policy.ts';
import { SAFETY_NET_CLAIMS, type SafetyNetQuestion, verifySafetyNet } from './safety-net.ts';

const NOW = unixMillis(Date.UTC(2020, 4, 16, 12));
const NONCE = new Uint8Array(32).fill(7);
const CERTIFICATE = Buffer.alloc(32, 1);
const policy: SafetyNetPolicy = {
  ...USUAL_FRESHNESS,
  ...{
    package: 'org.example.en',
    certificates: [CERTIFICATE.toString('hex')],
    requireCtsProfile: true,
  },
};
const genuine = {
  nonce: Buffer.from(NONCE).toString('base64'),
  timestampMs: NOW,
  apkPackageName: 'org.example.en',
  apkCertificateDigestSha256: [CERTIFICATE.toString('base64')],
  ctsProfileMatch: true,
  basicIntegrity: true,
};

const signer = await safetyNetSigner(NOW);
const rootOf = ({ root }: SafetyNetSigner) => new X509Certificate(root);

async function outcomeOf(token: string, change: Partial<SafetyNetQuestion> = {}): Promise<string> {
  const verdict = await verifySafetyNet({
    ...{ token, nonce: NONCE, policy, roots: [rootOf(signer)], now: NOW },
    ...change,
  });
  return verdict.kind === 'ok' ? 'ok' : `${verdict.failure}: ${verdict.reason}`;
}

const mint = async (change: object): Promise<string> =>
  await signer.mint(JSON.stringify({ ...genuine, ...change }));

describe('verifySafetyNet', () => {
  it('accepts a genuine statement', async () => {
    expect(await outcomeOf(await mint({}))).toBe('ok');
  });

  it.each<[expected: string, why: string, change: object]>([
    ['binding: nonce', 'another upload', { nonce: 'AAAA' }],
    ['stale: too_old', 'a statement of eleven minutes ago', { timestampMs: NOW - 11 * MINUTE }],
    ['future: from_the_future', 'a statement of in two minutes', { timestampMs: NOW + 2 * MINUTE }],
    ['untrusted: package', 'another app', { apkPackageName: 'org.other' }],
    ['untrusted: package', 'no app, as when integrity failed', { apkPackageName: undefined }],
    // The reference accepted any digest that differed from a configured one.
    ['untrusted: certificate', 'another certificate', { apkCertificateDigestSha256: ['AAAA'] }],
    ['untrusted: certificate', 'no certificate', { apkCertificateDigestSha256: [] }],
    ['policy: basic_integrity', 'a device without basic integrity', { basicIntegrity: false }],
    ['policy: basic_integrity', 'integrity that is only truthy', { basicIntegrity: 'true' }],
    ['policy: cts_profile', 'a device without certified profile', { ctsProfileMatch: false }],
    ['malformed: statement', 'digests that are no list', { apkCertificateDigestSha256: 7 }],
    ['malformed: statement', 'an app that is no text', { apkPackageName: 7 }],
    ['malformed: statement', 'a time that is no number', { timestampMs: '7' }],
    ['malformed: statement', 'no nonce', { nonce: undefined }],
  ])('refuses as %s for %s', async (expected, _why, change) => {
    expect(await outcomeOf(await mint(change))).toBe(expected);
  });

  it('does not ask for a certified profile where the policy does not', async () => {
    const relaxed = { policy: { ...policy, requireCtsProfile: false } };
    expect(await outcomeOf(await mint({ ctsProfileMatch: false }), relaxed)).toBe('ok');
  });

  it('refuses the chain of somebody else', async () => {
    const other = await safetyNetSigner(NOW);
    expect(await outcomeOf(await other.mint(JSON.stringify(genuine)))).toBe('untrusted: chain');
    expect(await outcomeOf(await mint({}), { roots: [] })).toBe('untrusted: chain');
  });

  it('refuses a leaf that has ended, or that is for another host', async () => {
    for (const [flaws, expected] of [
      [{ leafEnds: NOW - DAY }, 'untrusted: certificate_validity'],
      [{ host: 'attest.example.org' }, 'untrusted: signer'],
    ] as const) {
      const flawed = await safetyNetSigner(NOW, flaws);
      const token = await flawed.mint(JSON.stringify(genuine));
      expect(await outcomeOf(token, { roots: [rootOf(flawed)] })).toBe(expected);
    }
  });

  it('refuses HMAC under the leaf’s public key', async () => {
    const [leaf = ''] = chainIn(await mint({}));
    const { publicKey } = new X509Certificate(Buffer.from(leaf, 'base64'));
    const secret = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
    const token = await signer.mint(JSON.stringify(genuine), { secret });
    expect(await outcomeOf(token)).toBe('untrusted: signature');
  });

  it('refuses a statement that was changed after it was signed', async () => {
    const [header, , signature] = (await mint({})).split('.');
    const payload = Buffer.from(JSON.stringify({ ...genuine, timestampMs: NOW - 1 })).toString(
      'base64url',
    );
    expect(await outcomeOf([header, payload, signature].join('.'))).toBe('untrusted: signature');
  });

  it.each<[why: string, chain: (chain: readonly string[]) => readonly string[]]>([
    ['no certificate', () => []],
    ['six certificates', ([leaf = '']) => Array<string>(6).fill(leaf)],
    ['a certificate that is none', () => ['AAAA']],
  ])('refuses as malformed a chain with %s', async (_why, chain) => {
    expect(await outcomeOf(await signer.mint(JSON.stringify(genuine), { chain }))).toBe(
      'malformed: token',
    );
  });

  it.each([
    ['no token', ''],
    ['a token of two parts', 'e30.e30'],
    ['too many bytes', 'a'.repeat(16 * 1024 + 1)],
  ])('refuses as malformed %s', async (_why, token) => {
    expect(await outcomeOf(token)).toBe('malformed: token');
  });

  it('refuses as malformed a statement that is no JSON object', async () => {
    for (const payload of ['{', '[]', 'null'])
      expect(await outcomeOf(await signer.mint(payload))).toBe('malformed: statement');
  });

  it('names each check once', () => {
    const reasons = SAFETY_NET_CLAIMS.map(({ reason }) => reason);
    expect(new Set(reasons).size).toBe(reasons.length);
  });
});

function chainIn(token: string): readonly string[] {
  const header: unknown = JSON.parse(
    Buffer.from(token.split('.')[0] ?? '', 'base64url').toString(),
  );
  return typeof header === 'object' &&
    header !== null &&
    'x5c' in header &&
    Array.isArray(header.x5c)
    ? header.x5c.map(String)
    : [];
}
