import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import {
  type AuthorizedApp,
  type CertificateOutcome,
  type HealthAuthority,
  certificateVerifier,
  issueCertificate,
  issueStatsToken,
  statsTokenVerifier,
} from '@keyserver/health-authority';
import { unixMillis, unixSeconds } from '@keyserver/time';
import type { Target } from '../search.ts';
import { must } from './must.ts';

const NOW = unixSeconds(1_620_123_420);
const SECRET = Buffer.alloc(32, 5);

/** Always the same key, so that inputs can be tried again. It signs nothing else. */
const privateKey = createPrivateKey({
  format: 'jwk',
  key: {
    ...{ kty: 'EC', crv: 'P-256', d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI' },
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  },
});

const authority: HealthAuthority = {
  stats: true,
  ...{ id: 7, issuer: 'doh.example.gov', audience: 'keys.example.org', name: 'Department' },
  keys: [
    {
      version: 'v1',
      publicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
      ...{ from: unixMillis(0), thru: undefined },
    },
  ],
};
const app: AuthorizedApp = {
  ...{ id: 'app', regions: ['US'], authorities: [7] },
  ...{ bypassCertificate: false, bypassRevisionToken: false },
};
const keys = [
  {
    ...{ key: 'AAECAwQFBgcICQoLDA0ODw==', rollingStartNumber: 2_700_000, rollingPeriod: 144 },
    transmissionRisk: 0,
  },
];
const good = issueCertificate({
  ...{ privateKey, kid: 'v1', issuer: authority.issuer, audience: authority.audience },
  ...{ reportType: 'confirmed', onset: 2_699_712, keys, hmacKey: SECRET },
  ...{ issuedAt: NOW, lifetimeSeconds: 600 },
});

const verifier = certificateVerifier(
  async (issuer) => await Promise.resolve(issuer === authority.issuer ? authority : undefined),
);
const verify = async (certificate: string): Promise<CertificateOutcome> =>
  await verifier({ certificate, hmacKey: SECRET.toString('base64'), keys, app }, NOW);

const signedPart = (certificate: string): string => certificate.split('.').slice(0, 2).join('.');

async function checkCertificate(input: Buffer): Promise<unknown> {
  const certificate = input.toString('utf8');
  const outcome = await verify(certificate);
  if (outcome.kind === 'verified')
    must(signedPart(certificate) === signedPart(good), 'an altered certificate was verified');
  return outcome;
}

/** Whatever an authority signs is judged without a fault, and what is verified says what it must. */
async function checkClaims(input: Buffer): Promise<unknown> {
  const [header = Buffer.alloc(0), claims = Buffer.alloc(0)] = partsOf(input);
  const signed = `${header.toString('base64url')}.${claims.toString('base64url')}`;
  const signature = sign('sha256', Buffer.from(signed), {
    ...{ key: privateKey, dsaEncoding: 'ieee-p1363' },
  });
  const outcome = await verify(`${signed}.${signature.toString('base64url')}`);
  if (outcome.kind === 'refused') {
    must(outcome.reason !== 'bad_signature', 'a good signature was not seen');
    return outcome;
  }
  const stated = JSON.parse(claims.toString()) as Readonly<Record<string, unknown>>;
  const { alg, kid, crit } = JSON.parse(header.toString()) as Readonly<Record<string, unknown>>;
  must(alg === 'ES256' && kid === 'v1' && crit === undefined, 'another header was verified');
  must(stated['iss'] === authority.issuer, 'another issuer was verified');
  must(stated['aud'] === authority.audience, 'another audience was verified');
  must(stated['reportType'] === outcome.reportType, 'another report type was verified');
  for (const time of ['iat', 'nbf'])
    must(Number(stated[time] ?? 0) <= NOW + 5, 'verified too early');
  must(Number(stated['exp'] ?? 0) === 0 || Number(stated['exp']) >= NOW, 'verified too late');
  return outcome;
}

/** An audience that certificates have too, so that only their claims tell them from tokens of statistics. */
const verifyStats = statsTokenVerifier(
  async (issuer) => await Promise.resolve(issuer === authority.issuer ? authority : undefined),
  authority.audience,
);
const goodStats = issueStatsToken({
  ...{ privateKey, kid: 'v1', issuer: authority.issuer, audience: authority.audience },
  ...{ issuedAt: NOW, lifetimeSeconds: 600 },
});

async function checkStatsToken(input: Buffer): Promise<unknown> {
  const token = input.toString('utf8');
  const outcome = await verifyStats(token, NOW);
  if (outcome.kind === 'verified')
    must(signedPart(token) === signedPart(goodStats), 'another token opened statistics');
  return outcome;
}

/** The JSON texts of an input: header and claims, with a line feed between them. */
function partsOf(input: Buffer): readonly Buffer[] {
  const end = input.indexOf('\n');
  return end < 0 ? [input] : [input.subarray(0, end), input.subarray(end + 1)];
}

const decoded = good
  .split('.')
  .slice(0, 2)
  .map((part) => Buffer.from(part, 'base64url').toString())
  .join('\n');

/** Readers of certificates. */
export const certificateTargets: readonly Target[] = [
  {
    name: 'certificate',
    seeds: [Buffer.from(good), Buffer.from(`${signedPart(good)}.`)],
    dictionary: ['.', '=', '-', '_', 'e30', 'eyJhbGciOiJub25lIn0', 'W10', 'bnVsbA'],
    check: checkCertificate,
  },
  {
    name: 'stats-token',
    seeds: [Buffer.from(goodStats), Buffer.from(good), Buffer.from(`${signedPart(goodStats)}.`)],
    dictionary: ['.', '=', '-', '_', 'e30', 'eyJhbGciOiJub25lIn0', 'W10', 'bnVsbA'],
    check: checkStatsToken,
  },
  {
    name: 'claims',
    seeds: [Buffer.from(decoded), Buffer.from(decoded.replace('"exp"', '"nbf":1620123420,"exp"'))],
    dictionary: [
      ...['"alg":', '"ES256"', '"kid":', '"v1"', '"crit":[]', '"typ":"JWT"', '"iss":', '"aud":'],
      ...['"iat":', '"nbf":', '"exp":', '"reportType":', '"likely"', '"negative"', '"tekmac":'],
      ...[
        '"symptomOnsetInterval":',
        '1620123420',
        '1.0',
        '1e9',
        'null',
        '[]',
        '{}',
        '\\u0000',
        '\n',
      ],
    ],
    check: checkClaims,
  },
];
