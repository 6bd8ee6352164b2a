import type { UnixMillis } from '@keyserver/time';
import { digestText } from './binding.ts';
import { type Dated, FRESHNESS_CHECKS } from './freshness.ts';
import { type Check, type Claim, type Verdict, firstFailure, refusal } from './outcome.ts';
import { type PlayVerdict, readPlayVerdict } from './play-verdict.ts';
import type { PlayPolicy } from './policy.ts';

/** How a token was asked for: the two bind an upload in different members. */
export type PlayMode = 'standard' | 'classic';

/** What a decoded token is examined against. */
export interface PlayQuestion {
  readonly mode: PlayMode;
  /** What Google's answer holds as `tokenPayloadExternal`, or a token that was decoded here. */
  readonly payload: unknown;
  /** 32 bytes. */
  readonly digest: Uint8Array;
  readonly policy: PlayPolicy;
  readonly now: UnixMillis;
}

/** What a token proves. */
export interface PlayFacts {
  readonly package: string;
  readonly versionCode: number | undefined;
  readonly deviceLabels: readonly string[];
}

interface Subject {
  readonly verdict: PlayVerdict;
  readonly mode: PlayMode;
  readonly expected: string;
  readonly policy: PlayPolicy;
}

const REQUEST: readonly Check<Subject>[] = [
  {
    reason: 'request_package',
    failure: 'untrusted',
    claim: 'the token was asked for by the policy’s package',
    holds: ({ verdict, policy }) => verdict.requestPackage === policy.package,
  },
  {
    reason: 'request_mode',
    failure: 'untrusted',
    claim:
      'the token has the bound value of its type and not that of the other (nonce, requestHash)',
    holds: ({ verdict, mode }) => {
      const isClassic = verdict.nonce !== undefined;
      return (
        isClassic !== (verdict.requestHash !== undefined) && isClassic === (mode === 'classic')
      );
    },
  },
  {
    reason: 'bound_value',
    failure: 'binding',
    claim: 'the bound value is the digest of this upload in base64url',
    holds: ({ verdict, expected }) =>
      withoutPadding(verdict.nonce ?? verdict.requestHash ?? '') === expected,
  },
];

const POLICY: readonly Check<Subject>[] = [
  {
    reason: 'testing_response',
    failure: 'policy',
    claim: 'the answer is not one that was set up for a tester',
    holds: ({ verdict }) => !verdict.isTesting,
  },
  {
    reason: 'recognition',
    failure: 'policy',
    claim:
      'Play knows this version of the app, or the policy allows builds that it does not distribute',
    holds: ({ verdict: { recognition }, policy }) =>
      recognition === 'PLAY_RECOGNIZED' ||
      (recognition === 'UNRECOGNIZED_VERSION' && policy.allowUnrecognizedVersion),
  },
  {
    reason: 'app_package',
    failure: 'untrusted',
    claim: 'the app is the policy’s package',
    holds: ({ verdict, policy }) => verdict.appPackage === policy.package,
  },
  {
    reason: 'certificate',
    failure: 'untrusted',
    claim: 'the app is signed with one of the policy’s certificates',
    holds: ({ verdict, policy }) =>
      verdict.certificates.some((each) => policy.certificates.includes(each)),
  },
  {
    reason: 'version_code',
    failure: 'policy',
    claim: 'the app’s version is not older than the policy allows',
    holds: ({ verdict, policy: { minVersionCode = 0 } }) =>
      minVersionCode === 0 || (verdict.versionCode ?? -1) >= minVersionCode,
  },
  {
    reason: 'device_label',
    failure: 'policy',
    claim: 'the device carries one of the policy’s labels',
    holds: ({ verdict, policy }) =>
      policy.deviceLabels.some((label) => verdict.deviceLabels.includes(label)),
  },
];

const VERDICT: Claim = {
  reason: 'verdict',
  failure: 'malformed',
  claim: 'the verdict has the documented members and types',
};

/** All that is checked of a decoded token, in order. */
export const PLAY_CLAIMS: readonly Claim[] = [VERDICT, ...REQUEST, ...FRESHNESS_CHECKS, ...POLICY];

/** Examines a decoded token by the rule of acceptance. */
export function verifyPlayVerdict(question: PlayQuestion): Verdict<PlayFacts> {
  const { mode, digest, policy, now } = question;
  const verdict = readPlayVerdict(question.payload);
  if (verdict === undefined) return refusal(VERDICT.failure, VERDICT.reason);
  const subject = { verdict, mode, policy, expected: digestText(digest) };
  const dated: Dated = { madeAt: verdict.madeAt, now, freshness: policy };
  return (
    firstFailure(REQUEST, subject) ??
    firstFailure(FRESHNESS_CHECKS, dated) ??
    firstFailure(POLICY, subject) ?? {
      kind: 'ok',
      facts: {
        package: policy.package,
        versionCode: verdict.versionCode,
        deviceLabels: verdict.deviceLabels,
      },
    }
  );
}

/** A loop and not a pattern: text that a client sent must not cost more than its length. */
function withoutPadding(text: string): string {
  let { length } = text;
  while (text[length - 1] === '=') length -= 1;
  return text.slice(0, length);
}
