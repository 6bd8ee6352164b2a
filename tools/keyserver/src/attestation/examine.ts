import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import {
  APP_ATTEST_CLAIMS,
  ASSERTION_CLAIMS,
  type AttestationPolicy,
  type AttestationType,
  type Claim,
  PLAY_CLAIMS,
  PLAY_TOKEN_CLAIMS,
  SAFETY_NET_CLAIMS,
  type PlayMode,
  type PlayPolicy,
  type Refusal,
  appAttestVerifier,
  appleAppAttestRoot,
  decodePlayToken,
  isDeviceToken,
  payloadOf,
  readPlayKeys,
  verifyAssertion,
  verifyPlayVerdict,
  verifySafetyNet,
} from '@keyserver/attestation';
import type { UnixMillis } from '@keyserver/time';
import { readSmallFile, readTextFile } from '../bounded-read.ts';
import { CommandFault } from '../command-fault.ts';

/** What is to be examined, and against what. */
export interface Examination {
  readonly file: string;
  readonly digest: Uint8Array;
  readonly policy: AttestationPolicy;
  readonly now: UnixMillis;
  /** Of an App Attest object that is not wrapped as a request carries it. */
  readonly keyId?: Uint8Array;
  /** Paths of files. */
  readonly publicKey?: string;
  readonly playKeys?: string;
  readonly root?: string;
  /** What is stored of an assertion's key. */
  readonly counter?: number;
}

/** What came of it: the checks in order, the first that failed, and what was proven in words. */
export interface Finding {
  readonly claims: readonly Claim[];
  readonly refusal: Refusal | undefined;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Examines an object of one type. Faults of the command line are thrown. */
export const EXAMINERS: Readonly<Record<AttestationType, (of: Examination) => Promise<Finding>>> = {
  'app-attest-attestation': examineAttestation,
  'app-attest-assertion': examineAssertion,
  'play-integrity-classic': async (of) => await examinePlay(of, 'classic'),
  'play-integrity-standard': async (of) => await examinePlay(of, 'standard'),
  devicecheck: examineDeviceToken,
  safetynet: examineSafetyNet,
};

const MAX_BYTES = 100_000;

const needed = <Part>(part: Part | undefined, name: string): Part => {
  if (part !== undefined) return part;
  throw new CommandFault(`the policy says nothing of ${name}, so a server accepts nothing of it`);
};

async function examineAttestation(of: Examination): Promise<Finding> {
  const policy = needed(of.policy.appAttest, 'appAttest');
  const root = of.root === undefined ? appleAppAttestRoot() : await certificateIn(of.root);
  const { digest: clientDataHash, now } = of;
  const payload = await payloadIn(of);
  const verdict = appAttestVerifier(root)({ payload, clientDataHash, policy, now });
  if (verdict.kind === 'refused') return refusedBy(APP_ATTEST_CLAIMS, verdict);
  const { appId, environment, category, bundleVersion } = verdict.facts;
  return accepted(APP_ATTEST_CLAIMS, { appId, environment, category, bundleVersion });
}

async function examineAssertion(of: Examination): Promise<Finding> {
  const policy = needed(of.policy.appAttest, 'appAttest');
  const { publicKey: file, counter: stored } = of;
  if (file === undefined || stored === undefined)
    throw new CommandFault('an assertion needs --public-key and --counter, as they are stored');
  const [publicKey, payload] = [await publicKeyIn(file), await payloadIn(of)];
  // For which of the policy's applications the key was attested is not told, so each is tried.
  const verdicts = await Promise.all(
    policy.bundleIds.map(async (bundleId) => {
      const key = { appId: `${policy.teamId}.${bundleId}`, publicKey, counter: stored };
      const findKey = async () => await Promise.resolve(key);
      return await verifyAssertion({ payload, clientDataHash: of.digest, policy, findKey });
    }),
  );
  const verdict = verdicts.find((each) => each.kind === 'ok' || each.reason !== 'key_app');
  if (verdict === undefined)
    throw new Error('an assertion is for none of the applications that it is for');
  if (verdict.kind === 'refused') return refusedBy(ASSERTION_CLAIMS, verdict);
  const { appId, counter, category, bundleVersion } = verdict.facts;
  return accepted(ASSERTION_CLAIMS, { appId, counter, category, bundleVersion });
}

async function examinePlay(of: Examination, mode: PlayMode): Promise<Finding> {
  const policy = needed(of.policy.playIntegrity, 'playIntegrity');
  const text = (await readTextFile(of.file, MAX_BYTES)).trim();
  if (text.startsWith('{')) return examineVerdict(jsonIn(text, of.file), policy, { of, mode });
  if (mode === 'standard' || of.playKeys === undefined)
    throw new CommandFault(
      mode === 'standard'
        ? `only Google can decode a standard token: give the JSON that it answers instead of ${of.file}`
        : 'decoding a classic token needs --play-keys; or give the JSON that Google answers',
    );
  const decoded = await decodePlayToken(text, [await playKeysIn(of.playKeys)]);
  const claims = [...PLAY_TOKEN_CLAIMS, ...PLAY_CLAIMS];
  if (decoded.kind === 'refused') return refusedBy(claims, decoded);
  const finding = examineVerdict(decoded.payload, policy, { of, mode });
  return { ...finding, claims };
}

function examineVerdict(
  answer: unknown,
  policy: PlayPolicy,
  { of, mode }: { readonly of: Examination; readonly mode: PlayMode },
): Finding {
  const payload = memberOf(answer, 'tokenPayloadExternal') ?? answer;
  const verdict = verifyPlayVerdict({ mode, payload, digest: of.digest, policy, now: of.now });
  return verdict.kind === 'refused'
    ? refusedBy(PLAY_CLAIMS, verdict)
    : accepted(PLAY_CLAIMS, { ...verdict.facts });
}

const DEVICE_TOKEN: Claim = {
  reason: 'token',
  failure: 'malformed',
  claim: 'the payload is base64 in one line',
};
const ASKS_APPLE: Claim = {
  reason: 'asks_apple',
  failure: 'unavailable',
  claim: 'Apple says that the token is genuine, which this command does not ask',
};

async function examineDeviceToken({ file }: Examination): Promise<Finding> {
  const isToken = isDeviceToken((await readTextFile(file, MAX_BYTES)).trim());
  const { failure, reason } = isToken ? ASKS_APPLE : DEVICE_TOKEN;
  return refusedBy([DEVICE_TOKEN, ASKS_APPLE], { kind: 'refused', failure, reason });
}

async function examineSafetyNet(of: Examination): Promise<Finding> {
  const policy = needed(of.policy.safetyNet, 'safetyNet');
  if (of.root === undefined)
    throw new CommandFault('SafetyNet needs --root: the authority of its time is in no list today');
  const verdict = await verifySafetyNet({
    ...{ token: (await readTextFile(of.file, MAX_BYTES)).trim(), nonce: of.digest },
    ...{ policy, now: of.now, roots: [await certificateIn(of.root)] },
  });
  return verdict.kind === 'refused'
    ? refusedBy(SAFETY_NET_CLAIMS, verdict)
    : accepted(SAFETY_NET_CLAIMS, { ...verdict.facts });
}

const accepted = (claims: readonly Claim[], facts: Finding['facts']): Finding => ({
  ...{ claims, facts, refusal: undefined },
});
const refusedBy = (claims: readonly Claim[], refusal: Refusal): Finding => ({
  ...{ claims, refusal, facts: {} },
});

/** A payload as a request carries it, or an object with the key id beside it. */
async function payloadIn({ file, keyId }: Examination): Promise<string> {
  if (keyId === undefined) return (await readTextFile(file, MAX_BYTES)).trim();
  return payloadOf({ keyId, object: await readSmallFile(file, MAX_BYTES) });
}

async function certificateIn(file: string): Promise<X509Certificate> {
  const content = await readSmallFile(file, MAX_BYTES);
  return readOr(`${file} is not a certificate in PEM or DER`, () => new X509Certificate(content));
}

async function publicKeyIn(file: string): Promise<KeyObject> {
  const pem = await readTextFile(file, MAX_BYTES);
  return readOr(`${file} is not a public key in PEM`, () => createPublicKey(pem));
}

/** Two lines, as Play Console hands them out: the decryption key and the verification key. */
async function playKeysIn(file: string): Promise<ReturnType<typeof readPlayKeys>> {
  const [decryption = '', verification = ''] = (await readTextFile(file, MAX_BYTES)).split(/\s+/);
  return readOr(`${file} is not two lines: the decryption key and the verification key`, () =>
    readPlayKeys(decryption, verification),
  );
}

const jsonIn = (text: string, file: string): unknown =>
  readOr(`${file} is not JSON`, () => JSON.parse(text) as unknown);

function readOr<Value>(sentence: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new CommandFault(sentence, undefined, { cause });
  }
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
