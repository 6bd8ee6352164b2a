import { X509Certificate } from 'node:crypto';
import {
  type AppAttestPolicy,
  type PlayPolicy,
  appAttestVerifier,
  payloadOf,
  verifyPlayVerdict,
} from '@keyserver/attestation';
import {
  type AttestedDevice,
  appleAuthority,
  attest,
  playVerdict,
} from '@keyserver/stand-ins/attestation';
import { unixMillis } from '@keyserver/time';
import type { Target } from '../search.ts';
import { must } from './must.ts';

const NOW = unixMillis(Date.UTC(2026, 10, 20, 12));
const DIGEST = new Uint8Array(32).fill(7);
const HASH = Buffer.from(DIGEST).toString('base64url');

const apple: AppAttestPolicy = {
  ...{ teamId: 'TEAMID1234', bundleIds: ['org.example.en'] },
  ...{ environments: ['production'], requireCategory: false },
};
const play: PlayPolicy = {
  ...{
    package: 'org.example.en',
    certificates: ['01'.repeat(32)],
    maxAge: 600_000,
    maxSkew: 60_000,
  },
  ...{ deviceLabels: ['MEETS_DEVICE_INTEGRITY'], allowUnrecognizedVersion: false },
};

/** Objects that are changed in any way are refused, unless only Apple's receipt was, which nothing covers. */
async function appleTarget(): Promise<Target> {
  const authority = await appleAuthority(NOW);
  const order = { appId: 'TEAMID1234.org.example.en', clientDataHash: DIGEST, now: NOW };
  const extensions = { bundleVersion: '7', validationCategory: Uint8Array.of(4, 0, 0, 0) };
  const devices = [
    await attest(authority, order),
    await attest(authority, { ...order, flaws: { extensions } }),
  ];
  const verify = appAttestVerifier(new X509Certificate(authority.root));
  const outcomeOf = ({ keyId }: AttestedDevice, object: Uint8Array) => {
    const payload = payloadOf({ keyId, object });
    return verify({ payload, clientDataHash: DIGEST, policy: apple, now: NOW });
  };
  return {
    name: 'app-attest',
    seeds: devices.map(({ object }) => Buffer.from(object)),
    dictionary: ['fmt', 'attStmt', 'x5c', 'receipt', 'authData', '\u0081', '¿', '\u007f'],
    check: (input) =>
      devices.map((device) => {
        const verdict = outcomeOf(device, input);
        must(verdict.kind === 'refused' || isButForReceipt(input, device), 'another object passed');
        return verdict.kind === 'refused' ? verdict.reason : verdict.kind;
      }),
  };
}

/** Whether the parts that are covered are there unchanged: the end of an object is its authenticator data. */
const isButForReceipt = (input: Buffer, { object }: AttestedDevice): boolean =>
  input.subarray(-100).equals(Buffer.from(object).subarray(-100));

/** A text is JSON of a verdict or it is refused; what passes says all that must be said. */
function checkVerdict(input: Buffer): unknown {
  const payload = parsed(input.toString('utf8'));
  const verdict = verifyPlayVerdict({
    ...{ mode: 'standard', payload, digest: DIGEST, policy: play, now: NOW },
  });
  const isWhole = [HASH, play.package, 'PLAY_RECOGNIZED', 'MEETS_DEVICE_INTEGRITY'].every((word) =>
    input.includes(word),
  );
  must(verdict.kind === 'refused' || isWhole, 'a verdict passed that does not say enough');
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const verdict = playVerdict({
  ...{ package: play.package, certificate: Buffer.alloc(32, 1).toString('base64url'), madeAt: NOW },
  bound: { requestHash: HASH },
});

/** Readers of attestations. */
export const attestationTargets = async (): Promise<readonly Target[]> => [
  await appleTarget(),
  {
    name: 'play-verdict',
    seeds: [Buffer.from(JSON.stringify(verdict))],
    dictionary: [
      'null',
      '[]',
      '{}',
      '"nonce":',
      '1e9',
      '"testingDetails":{"isTestingResponse":true}',
    ],
    check: checkVerdict,
  },
];
