import { X509Certificate, generateKeyPairSync } from 'node:crypto';
import {
  type AppAttestPolicy,
  appAttestVerifier,
  bindingDigest,
  decodePlayToken,
  digestText,
  readPlayKeys,
  verifyPlayVerdict,
} from '@keyserver/attestation';
import {
  appleAuthority,
  attest,
  mintPlayToken,
  playVerdict,
} from '@keyserver/stand-ins/attestation';
import { unixMillis } from '@keyserver/time';
import type { Measure } from './figures.ts';

const NOW = unixMillis(Date.UTC(2026, 10, 20, 12));
const ROUNDS = 15;
const CALLS = 100;

const upload = {
  ...{
    app: 'org.example.en',
    regions: ['US'],
    traveler: false,
    verificationPayload: 'x'.repeat(600),
  },
  keys: Array.from({ length: 14 }, (_, n) => ({
    ...{ data: new Uint8Array(16).fill(n), start: 2_900_000 + 144 * n, period: 144, risk: 0 },
  })),
};

/** Processor time of all threads that one verification takes, in microseconds: the median of rounds. */
export const measureAttestation: Measure = async ({ say }) => {
  const digest = bindingDigest(upload);
  say('the digest of an upload of 14 keys');
  const bindingMicros = await microsOf(() => Promise.resolve(bindingDigest(upload)));
  say('an App Attest attestation');
  const appAttestMicros = await microsOf(await appAttest(digest));
  say('a classic Play Integrity token, decoded here');
  const playClassicMicros = await microsOf(await playClassic(digest));
  return { bindingMicros, appAttestMicros, playClassicMicros };
};

async function appAttest(clientDataHash: Uint8Array): Promise<() => Promise<unknown>> {
  const authority = await appleAuthority(NOW);
  const appId = 'TEAMID1234.org.example.en';
  const { payload } = await attest(authority, { appId, clientDataHash, now: NOW });
  const verify = appAttestVerifier(new X509Certificate(authority.root));
  const policy: AppAttestPolicy = {
    ...{ teamId: 'TEAMID1234', bundleIds: ['org.example.en'] },
    ...{ environments: ['production'], requireCategory: false },
  };
  return () => {
    const verdict = verify({ payload, clientDataHash, policy, now: NOW });
    if (verdict.kind === 'refused') throw new Error(`refused: ${verdict.reason}`);
    return Promise.resolve(verdict);
  };
}

async function playClassic(digest: Uint8Array): Promise<() => Promise<unknown>> {
  const encryption = new Uint8Array(32).fill(3);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const keys = readPlayKeys(Buffer.from(encryption).toString('base64'), spki);
  const certificate = Buffer.alloc(32, 1);
  const verdict = playVerdict({
    ...{ package: 'org.example.en', certificate: certificate.toString('base64url'), madeAt: NOW },
    bound: { nonce: digestText(digest) },
  });
  const token = await mintPlayToken(JSON.stringify(verdict), { encryption, signing: privateKey });
  return async () => {
    const decoded = await decodePlayToken(token, [keys]);
    if (decoded.kind === 'refused') throw new Error(`refused: ${decoded.reason}`);
    const found = verifyPlayVerdict({
      ...{ mode: 'classic', payload: decoded.payload, digest, now: NOW },
      policy: {
        ...{ package: 'org.example.en', certificates: [certificate.toString('hex')] },
        ...{ deviceLabels: ['MEETS_DEVICE_INTEGRITY'], allowUnrecognizedVersion: false },
        ...{ maxAge: 600_000, maxSkew: 60_000 },
      },
    });
    if (found.kind === 'refused') throw new Error(`refused: ${found.reason}`);
    return found;
  };
}

async function microsOf(run: () => Promise<unknown>): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let call = 0; call < CALLS; call += 1) await run();
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / CALLS);
  }
  return Math.round(rounds.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0);
}
