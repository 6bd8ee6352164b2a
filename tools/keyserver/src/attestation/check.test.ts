import { generateKeyPairSync } from 'node:crypto';
import { bindingDigest } from '@keyserver/attestation';
import { boundUploadOf, parseV1Upload } from '@keyserver/publish';
import {
  appleAuthority,
  assertWith,
  attest,
  mintPlayToken,
  playVerdict,
  safetyNetSigner,
} from '@keyserver/stand-ins/attestation';
import { NOW, aFileWith, inScratch, keyserver } from '../testing/run-cli.ts';

const upload = {
  temporaryExposureKeys: [
    { key: 'UW7pkDKfLbfLs8LveFyY3w==', rollingStartNumber: 2649168, rollingPeriod: 144 },
  ],
  healthAuthorityID: 'org.example.en',
  verificationPayload: 'certificate',
  hmacKey: 'AQIDBAUGBwgJCgsMDQ4PEA==',
};
const uploadFile = aFileWith('upload.json', JSON.stringify(upload));

function digestOf(body: object): Uint8Array {
  const read = parseV1Upload(Buffer.from(JSON.stringify(body)));
  const bound = read.kind === 'request' ? boundUploadOf(read.request) : undefined;
  if (bound === undefined) throw new Error('the upload is none');
  return bindingDigest(bound);
}
const digest = digestOf(upload);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const POLICY = `
playIntegrity:
  package: org.example.en
  certificates: ['${'ab'.repeat(32)}']
appAttest:
  teamId: TEAMID1234
  bundleIds: [org.example.first, org.example.en]
safetyNet:
  package: org.example.en
  certificates: ['${'AB:'.repeat(31)}AB']
`;
const policyFile = aFileWith('policy.yaml', POLICY);
const certificate = Buffer.from('ab'.repeat(32), 'hex').toString('base64url');

const appId = 'TEAMID1234.org.example.en';
const authority = await appleAuthority(NOW);
const device = await attest(authority, { appId, clientDataHash: digest, now: NOW });
const rootFile = aFileWith('root.der', authority.root);
const payloadFile = aFileWith('payload.txt', `${device.payload}\n`);

const check = async (file: string, type: string, ...more: readonly string[]) =>
  await keyserver(['attestation', 'check', file, '--type', type, '--policy', policyFile, ...more]);

const ATTESTATION = 'app-attest-attestation';

describe('attestation check', () => {
  it('accepts an attestation of the upload and shows each check', async () => {
    const ran = await check(payloadFile, ATTESTATION, '--upload', uploadFile, '--root', rootFile);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('ok      the nonce is SHA-256 over the authenticator data');
    expect(ran.out).toMatch(
      /Accepted: appId TEAMID1234\.org\.example\.en, environment production\.\n$/,
    );
  });

  it('says of another upload which check fails, and which are not reached', async () => {
    const other = aFileWith('other.json', JSON.stringify({ ...upload, traveler: true }));
    const ran = await check(payloadFile, ATTESTATION, '--upload', other, '--root', rootFile);
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/FAILED .*\[binding: nonce\]\n {2}- {7}the first/);
    expect(ran.err).toMatch(/refused as binding, reason nonce\n$/);
  });

  it('gives machines the same', async () => {
    const flags = ['--client-data-hash', '00', '--root', rootFile, '--json'];
    const ran = await check(payloadFile, ATTESTATION, ...flags);
    const { checks, ...rest } = JSON.parse(ran.out) as { checks: { outcome: string }[] };
    expect(rest).toEqual({ verdict: 'binding', reason: 'nonce', facts: {} });
    expect(new Set(checks.map(({ outcome }) => outcome))).toEqual(
      new Set(['passed', 'failed', 'not_reached']),
    );
  });

  it('trusts Apple’s root and no other unless it is told to', async () => {
    const ran = await check(payloadFile, ATTESTATION, '--upload', uploadFile);
    expect(ran.err).toMatch(/reason intermediate_issuer\n$/);
  });

  it('takes an object alone with its key id, as of a time that is given', async () => {
    const file = aFileWith('object.cbor', device.object);
    const keyId = Buffer.from(device.keyId).toString('base64');
    const flags = ['--key-id', keyId, '--upload', uploadFile, '--root', rootFile];
    expect((await check(file, ATTESTATION, ...flags)).code).toBe(0);
    const later = await check(file, ATTESTATION, ...flags, '--at', '2024-06-20T12:00:00Z');
    expect(later.err).toMatch(/reason certificate_validity\n$/);
  });

  it('shows nothing of what was sent', async () => {
    const ran = await check(payloadFile, ATTESTATION, '--client-data-hash', hex(digest), '--json');
    const said = `${ran.out}${ran.err}`;
    for (const secret of [device.payload.slice(0, 30), hex(digest), hex(device.keyId)])
      expect(said).not.toContain(secret);
  });

  it('checks an assertion against the stored key and counter', async () => {
    const spki = Buffer.from(await crypto.subtle.exportKey('spki', device.keys.publicKey));
    const pem = `-----BEGIN PUBLIC KEY-----\n${spki.toString('base64')}\n-----END PUBLIC KEY-----\n`;
    const file = aFileWith(
      'assertion.txt',
      assertWith(device, { appId, clientDataHash: digest, counter: 5 }),
    );
    const flags = ['--upload', uploadFile, '--public-key', aFileWith('key.pem', pem)];
    const accepted = await check(file, 'app-attest-assertion', ...flags, '--counter', '4');
    expect(accepted).toMatchObject({ code: 0 });
    expect(accepted.out).toContain(`Accepted: appId ${appId}, counter 5.`);
    const replayed = await check(file, 'app-attest-assertion', ...flags, '--counter', '5');
    expect(replayed.err).toMatch(/refused as replayed, reason counter\n$/);
    const lacking = await check(file, 'app-attest-assertion', '--upload', uploadFile);
    expect(lacking).toMatchObject({ code: 2 });
  });

  it('checks what Google answers, whole or only the verdict', async () => {
    const bound = { requestHash: Buffer.from(digest).toString('base64url') };
    const verdict = playVerdict({ package: 'org.example.en', certificate, bound, madeAt: NOW });
    for (const answer of [verdict, { tokenPayloadExternal: verdict }]) {
      const file = aFileWith('answer.json', JSON.stringify(answer));
      const ran = await check(file, 'play-integrity-standard', '--upload', uploadFile);
      expect(ran).toMatchObject({ code: 0, err: '' });
    }
    const file = aFileWith('token.txt', 'a.b.c.d.e');
    const ran = await check(file, 'play-integrity-standard', '--upload', uploadFile);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('only Google can decode a standard token');
  });

  it('decodes a classic token with the app’s own keys', async () => {
    const encryption = new Uint8Array(32).fill(3);
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const keys = aFileWith('keys.txt', `${Buffer.from(encryption).toString('base64')}\n${spki}\n`);
    const bound = { nonce: Buffer.from(digest).toString('base64url') };
    const verdict = playVerdict({ package: 'org.example.en', certificate, bound, madeAt: NOW });
    const mint = { encryption, signing: privateKey };
    const file = aFileWith('classic.txt', await mintPlayToken(JSON.stringify(verdict), mint));
    const flags = ['play-integrity-classic', '--upload', uploadFile, '--play-keys'] as const;
    expect(await check(file, ...flags, keys)).toMatchObject({ code: 0, err: '' });
    const other = await mintPlayToken('{', { ...mint, encryption: new Uint8Array(32) });
    const refused = await check(aFileWith('other.txt', other), ...flags, keys);
    expect(refused.err).toMatch(/reason token_keys\n$/);
    const broken = await check(file, ...flags, uploadFile);
    expect(broken.err).toContain('is not two lines');
    const without = await check(file, 'play-integrity-classic', '--upload', uploadFile);
    expect(without.err).toContain('needs --play-keys');
  });

  it('says of a device token that only Apple can tell', async () => {
    const file = aFileWith('device.txt', 'QUJD\n');
    const ran = await check(file, 'devicecheck', '--upload', uploadFile);
    expect(ran.err).toMatch(/refused as unavailable, reason asks_apple\n$/);
    const none = await check(aFileWith('none.txt', 'A-B'), 'devicecheck', '--upload', uploadFile);
    expect(none.err).toMatch(/refused as malformed, reason token\n$/);
  });

  it('checks a statement of SafetyNet against the root of its time', async () => {
    const signer = await safetyNetSigner(NOW);
    const statement = {
      ...{ nonce: Buffer.from(digest).toString('base64'), timestampMs: NOW },
      ...{ apkPackageName: 'org.example.en', ctsProfileMatch: true, basicIntegrity: true },
      apkCertificateDigestSha256: [Buffer.from('ab'.repeat(32), 'hex').toString('base64')],
    };
    const file = aFileWith('statement.txt', await signer.mint(JSON.stringify(statement)));
    const root = ['--root', aFileWith('safetynet.der', signer.root)];
    expect(await check(file, 'safetynet', '--upload', uploadFile, ...root)).toMatchObject({
      code: 0,
    });
    const other = await check(file, 'safetynet', '--client-data-hash', '00', ...root);
    expect(other.err).toMatch(/refused as binding, reason nonce\n$/);
    expect((await check(file, 'safetynet', '--upload', uploadFile)).err).toContain('needs --root');
  });

  it.each<[why: string, flags: readonly string[], sentence: RegExp]>([
    ['neither digest nor upload', [], /give either --client-data-hash or --upload/],
    ['both', ['--client-data-hash', '00', '--upload', uploadFile], /give either/],
    [
      'a challenge without an upload',
      ['--client-data-hash', '00', '--challenge', 'AAAA'],
      /goes with --upload/,
    ],
    ['a digest that is no hex', ['--client-data-hash', 'zz'], /must be 1 to 64 bytes in hex/],
    ['a key id that is no base64', ['--key-id', '!'], /must be base64/],
    ['a time that is none', ['--at', 'today'], /must be an RFC 3339 time/],
    ['a counter that is none', ['--counter', '-1'], /must be a whole number/],
    ['a file that is not there', ['--upload', inScratch('no.json')], /no such file/],
    ['an upload that is none', ['--upload', policyFile], /is not the body of an upload/],
    ['a root that is none', ['--upload', uploadFile, '--root', policyFile], /is not a certificate/],
  ])('refuses %s', async (_why, flags, sentence) => {
    const ran = await check(payloadFile, ATTESTATION, ...flags);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(sentence);
  });

  it('refuses an upload with a key that is none', async () => {
    const keys = [{ ...upload.temporaryExposureKeys[0], key: 'AAAA' }];
    const file = aFileWith(
      'short.json',
      JSON.stringify({ ...upload, temporaryExposureKeys: keys }),
    );
    expect((await check(payloadFile, ATTESTATION, '--upload', file)).err).toContain(
      'is not base64 of its length',
    );
  });

  it.each<[why: string, yaml: string, sentence: RegExp]>([
    ['another field', 'other: {}', /other is not a known field/],
    [
      'a team that is none',
      'appAttest: {teamId: abc, bundleIds: [a]}',
      /appAttest\.teamId must be a team id/,
    ],
    ['no YAML', '{', /is not a policy/],
    ['nothing about the type', 'safetyNet: {package: a.b, certificates: []}', /certificates/],
  ])('refuses a policy with %s', async (_why, yaml, sentence) => {
    const file = aFileWith('bad.yaml', yaml);
    const ran = await keyserver([
      ...['attestation', 'check', payloadFile, '--type', ATTESTATION, '--policy', file],
      ...['--upload', uploadFile],
    ]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(sentence);
  });

  it('says when a policy has nothing for the mechanism', async () => {
    const file = aFileWith('empty.yaml', '{}');
    for (const [type, name] of [
      [ATTESTATION, 'appAttest'],
      ['app-attest-assertion', 'appAttest'],
      ['play-integrity-standard', 'playIntegrity'],
      ['safetynet', 'safetyNet'],
    ] as const) {
      const ran = await keyserver([
        ...['attestation', 'check', payloadFile, '--type', type, '--policy', file],
        ...['--upload', uploadFile],
      ]);
      expect(ran.err).toContain(`the policy says nothing of ${name}`);
    }
  });
});
