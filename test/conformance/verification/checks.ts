import type { OfferedKey } from '@keyserver/exposure-keys';
import type { Ground } from '../publish/ground.ts';
import {
  APPS,
  type CertificateOptions,
  SECRET,
  STRANGE,
  type Sending,
  certificateOver,
  newKey,
  outcomeOf,
  publish,
} from '../publish/phone.ts';

const INVALID = '401 health_authority_verification_certificate_invalid';

/** What is wrong with an upload: in its certificate, in what is sent beside it, or in the app that sends it. */
interface Fault {
  readonly reason: string;
  readonly certificate?: CertificateOptions;
  /** What is done to the certificate afterwards. */
  readonly altered?: (certificate: string) => string;
  readonly hmacKey?: string;
  readonly app?: Sending['app'];
}

const SOON = 4_000_000_000;

/** Each check with an upload that fails it, in the order in which they are made. */
const CHECKS: readonly Fault[] = [
  { reason: 'malformed', altered: (text) => text.split('.').slice(0, 2).join('.') },
  { reason: 'unusable_algorithm', certificate: { header: { alg: 'XX' } } },
  { reason: 'unsupported_algorithm', certificate: { header: { alg: 'ES384' } } },
  { reason: 'missing_key_id', certificate: { header: { kid: undefined } } },
  { reason: 'unknown_issuer', certificate: { claims: { iss: 'nobody' } } },
  { reason: 'wrong_audience', certificate: { claims: { aud: 'nobody' } } },
  { reason: 'no_active_key', certificate: { header: { kid: 'v9' } } },
  { reason: 'not_yet_valid', certificate: { claims: { nbf: SOON } } },
  { reason: 'bad_signature', certificate: { signer: STRANGE.privateKey } },
  { reason: 'expired', certificate: { claims: { exp: 1 } } },
  { reason: 'issuer_not_authorized', app: APPS.stranger },
  { reason: 'invalid_report_type', certificate: { claims: { reportType: 'x' } } },
  { reason: 'undecodable_mac', certificate: { claims: { tekmac: '*' } } },
  { reason: 'undecodable_hmac_key', hmacKey: '*' },
  { reason: 'mac_mismatch', hmacKey: 'AAAA' },
];

/** Two faults in one upload; of a field that both change, the first one's value. */
const both = (first: Fault, second: Fault): Fault => ({
  ...second,
  ...first,
  certificate: {
    ...second.certificate,
    ...first.certificate,
    header: { ...second.certificate?.header, ...first.certificate?.header },
    claims: { ...second.certificate?.claims, ...first.certificate?.claims },
  },
});

/** Rows about the order of the checks, the form of a certificate, and what a phone is told. */
export function describeChecks(on: () => Ground): void {
  const send = async (fault: Omit<Fault, 'reason'>, keys: OfferedKey[] = [newKey()]) => {
    const { certificate = {}, altered = (text: string) => text, app = APPS.home } = fault;
    const good = certificateOver(keys, on().clock.now(), certificate);
    const body = {
      verificationPayload: altered(good),
      hmacKey: fault.hmacKey ?? SECRET.toString('base64'),
    };
    const answer = await publish(on(), keys, { app, body });
    return { ...answer, reason: answer.service.lastEvent()['certificate'] };
  };

  describe('the checks of a certificate', () => {
    it.each(CHECKS)('end with $reason', async (fault) => {
      const answer = await send(fault);
      expect([outcomeOf(answer), answer.reason]).toEqual([INVALID, fault.reason]);
    });

    const pairs = CHECKS.slice(1).map((second, n) => ({ first: CHECKS[n]!, second }));
    it.each(pairs)('look for $first.reason before $second.reason', async ({ first, second }) => {
      expect((await send(both(first, second))).reason).toBe(first.reason);
    });

    it('tell all failures to the phone in the same words, of what was sent none', async () => {
      const texts = [];
      for (const fault of CHECKS) {
        const { body } = await send(fault);
        texts.push(body['error']);
      }
      expect(new Set(texts).size).toBe(1);
    });
  });

  describe('the form of a certificate', () => {
    const inParts =
      (change: (parts: [string, string, string]) => readonly string[]) => (certificate: string) =>
        change(certificate.split('.') as [string, string, string]).join('.');
    const encoded = (text: string): string => Buffer.from(text).toString('base64url');

    it.each<[string, (certificate: string) => string]>([
      ['nothing', () => ''],
      ['two parts', inParts(([header, claims]) => [header, claims])],
      ['four parts', inParts((parts) => [...parts, ''])],
      ['a header that is no base64', inParts(([, ...others]) => ['*', ...others])],
      ['a header that is no JSON', inParts(([, ...others]) => [encoded('{'), ...others])],
      ['a header that is a list', inParts(([, ...others]) => [encoded('[]'), ...others])],
      ['a header that is null', inParts(([, ...others]) => [encoded('null'), ...others])],
      ['claims that are no base64', inParts(([header, , end]) => [header, '*', end])],
      ['claims that are no JSON', inParts(([header, , end]) => [header, encoded('x'), end])],
      ['claims that are text', inParts(([header, , end]) => [header, encoded('"x"'), end])],
      ['claims with padding', inParts(([header, claims, end]) => [header, `${claims}=`, end])],
      ['claims in the other alphabet', inParts(([header, , end]) => [header, 'e30+', end])],
      [
        'a line break in it',
        (certificate) => `${certificate.slice(0, 9)}\n${certificate.slice(9)}`,
      ],
      ['more than fits into a request', () => `${'a'.repeat(20_000)}.`.repeat(3).slice(0, -1)],
    ])('is not %s', async (_, altered) => {
      expect((await send({ altered })).reason).toBe('malformed');
    });

    it.each(['1.0', '1e9', '1.6e9', '16201239E2', '1620123900.0'])(
      'has no time that is written as %s',
      async (exp) => {
        const claims = `{"iss":"doh.example.gov","aud":"keys.example.org","exp":${exp}}`;
        expect((await send({ certificate: { claimsText: claims } })).reason).toBe('malformed');
      },
    );

    it.each<[string, (certificate: string) => string]>([
      ['none', inParts(([header, claims]) => [header, claims, ''])],
      ['one of 63 bytes', inParts(([header, claims, end]) => [header, claims, end.slice(0, 84)])],
      [
        'one of 65 bytes',
        inParts(([header, claims, end]) => [header, claims, `${end.slice(0, 84)}AAA`]),
      ],
      ['one of other bytes', inParts(([header, claims]) => [header, claims, 'A'.repeat(86)])],
      [
        'one that is no base64',
        inParts(([header, claims, end]) => [header, claims, `*${end.slice(1)}`]),
      ],
      [
        'one of other claims',
        (text) => inParts(([header, , end]) => [header, claimsOf(text), end])(text),
      ],
    ])('has as its signature not %s', async (_, altered) => {
      const { reason } = await send({ altered });
      expect(reason).toBe('bad_signature');
    });

    it('has no signature in DER', async () => {
      const { reason } = await send({ certificate: { encoding: 'der' } });
      expect(reason).toBe('bad_signature');
    });
  });
}

/** The claims of a certificate with another report type. */
function claimsOf(certificate: string): string {
  const claims = JSON.parse(
    Buffer.from(certificate.split('.')[1] ?? '', 'base64url').toString(),
  ) as object;
  return Buffer.from(JSON.stringify({ ...claims, reportType: 'negative' })).toString('base64url');
}
