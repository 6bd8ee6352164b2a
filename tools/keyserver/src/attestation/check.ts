import {
  ATTESTATION_TYPES,
  type AttestationPolicy,
  type AttestationType,
  type Claim,
} from '@keyserver/attestation';
import { parseAttestationPolicy, parseTime } from '@keyserver/configuration';
import type { UnixMillis } from '@keyserver/time';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readTextFile } from '../bounded-read.ts';
import { CommandFault, FOUND } from '../command-fault.ts';
import { exampleOf, wholeNumber } from '../options.ts';
import { instantText, jsonText, printable } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type DigestFlags, base64Bytes, digestOf, hexBytes } from './digest.ts';
import { EXAMINERS, type Finding } from './examine.ts';

interface CheckFlags extends DigestFlags {
  readonly type: AttestationType;
  readonly policy: string;
  readonly keyId?: Uint8Array;
  readonly publicKey?: string;
  readonly counter?: number;
  readonly playKeys?: string;
  readonly root?: string;
  readonly at?: UnixMillis;
  readonly json?: true;
}

const MAX_POLICY_BYTES = 100_000;
const COUNTER = { min: 0, max: 2 ** 32 - 1 };

/** `attestation check`: why a server would accept or refuse an attestation, check by check. */
export function addAttestationCheck(group: Command, context: CommandContext): void {
  group
    .command('check')
    .argument(
      '<file>',
      'the payload as a request carries it, an App Attest object, or the JSON that Google answers',
    )
    .description(
      'Say check by check why an attestation passes or fails. Nothing of it is shown, and nobody is asked.',
    )
    .addOption(
      new Option('--type <type>', 'the mechanism')
        .choices([...ATTESTATION_TYPES])
        .makeOptionMandatory(),
    )
    .requiredOption('--policy <yaml-file>', 'what the application accepts')
    .option('--upload <json-file>', 'the upload that it must be bound to: a publish request')
    .option('--challenge <base64>', 'the challenge of that upload, if it has one', base64Bytes)
    .option(
      '--client-data-hash <hex>',
      'the digest that it must be bound to, instead of an upload',
      hexBytes,
    )
    .option(
      '--key-id <base64>',
      'the key id, where the file is an App Attest object alone',
      base64Bytes,
    )
    .option('--public-key <pem-file>', 'the key that an assertion must be signed with')
    .option('--counter <number>', 'the counter that is stored with it', wholeNumber(COUNTER))
    .option('--play-keys <file>', 'the two keys of Play Console, a line each, for classic tokens')
    .option('--root <file>', 'the certificate that a chain must end at, instead of Apple’s')
    .option('--at <time>', 'as of this time, such as 2026-01-15T12:00:00Z, instead of now', instant)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      exampleOf(
        'attestation check payload.txt --type app-attest-attestation --policy policy.yaml --upload request.json',
      ),
    )
    .action(async (file: string, flags: CheckFlags) => {
      await check(file, flags, context);
    });
}

async function check(
  file: string,
  flags: CheckFlags,
  { clock, terminal: { out } }: CommandContext,
): Promise<void> {
  const policy = await readPolicy(flags.policy);
  const now = flags.at ?? clock.now();
  const digest = await digestOf(flags);
  const finding = await EXAMINERS[flags.type]({ ...flags, file, policy, digest, now });
  out(flags.json === true ? jsonText(forMachines(finding)) : rendered(finding, flags.type, now));
  const { refusal } = finding;
  if (refusal !== undefined)
    throw new CommandFault(`refused as ${refusal.failure}, reason ${refusal.reason}`, FOUND);
}

async function readPolicy(file: string): Promise<AttestationPolicy> {
  const read = parseAttestationPolicy(await readTextFile(file, MAX_POLICY_BYTES));
  if (read.kind === 'policy') return read.value;
  const [first] = read.problems.map(({ path, message }) => `${path} ${message}`.trim());
  throw new CommandFault(`${file} is not a policy: ${printable(first ?? 'it is empty')}`);
}

function instant(text: string): UnixMillis {
  const time = parseTime(text);
  if (time !== undefined) return time;
  throw new InvalidArgumentError('must be an RFC 3339 time in UTC, such as 2026-01-15T12:00:00Z');
}

/** What became of one check. */
type Outcome = 'passed' | 'failed' | 'not_reached';

const outcomes = ({ claims, refusal }: Finding): readonly (Claim & { outcome: Outcome })[] => {
  const failed = claims.findIndex(({ reason }) => reason === refusal?.reason);
  return claims.map((claim, at) => ({ ...claim, outcome: outcomeOf(at, failed) }));
};

function outcomeOf(at: number, failed: number): Outcome {
  if (failed < 0 || at < failed) return 'passed';
  return at === failed ? 'failed' : 'not_reached';
}

const forMachines = (finding: Finding): object => ({
  verdict: finding.refusal === undefined ? 'ok' : finding.refusal.failure,
  reason: finding.refusal?.reason ?? null,
  facts: finding.facts,
  checks: outcomes(finding).map(({ reason, failure, claim, outcome }) => ({
    ...{ reason, failure, claim, outcome },
  })),
});

const WORDS: Readonly<Record<Outcome, string>> = {
  passed: 'ok    ',
  failed: 'FAILED',
  not_reached: '-     ',
};

function rendered(finding: Finding, type: AttestationType, now: UnixMillis): string {
  const lines = [
    `${type}, as of ${instantText(now)}`,
    ...outcomes(finding).map(
      ({ outcome, claim, failure, reason }) =>
        `  ${WORDS[outcome]}  ${claim}${outcome === 'failed' ? ` [${failure}: ${reason}]` : ''}`,
    ),
    ...(finding.refusal === undefined ? [`Accepted: ${factsText(finding.facts)}.`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const factsText = (facts: Finding['facts']): string =>
  Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${printable(String(value))}`)
    .join(', ');
