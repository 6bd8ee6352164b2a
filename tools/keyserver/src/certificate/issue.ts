import { type OfferedKey, decodeTolerantBase64 } from '@keyserver/exposure-keys';
import { issueCertificate } from '@keyserver/health-authority';
import { secondsOf } from '@keyserver/time';
import { type Command, InvalidArgumentError } from 'commander';
import {
  type AuthorityOptions,
  addAuthorityOptions,
  audienceOf,
  newHmacKey,
  readAuthorityKey,
} from '../authority.ts';
import { readTextFile } from '../bounded-read.ts';
import { CommandFault } from '../command-fault.ts';
import { exampleOf, wholeNumber } from '../options.ts';
import { jsonText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';

interface IssueOptions extends AuthorityOptions {
  readonly keysFile: string;
  readonly hmacKey?: Uint8Array;
  readonly onsetInterval?: number;
  readonly lifetimeMinutes: number;
  readonly json?: true;
}

const MAX_KEYS_FILE_BYTES = 1_000_000;
const MAX_INTERVAL = 2 ** 31 - 1;

/** `certificate issue`: signs a diagnosis certificate. */
export function addCertificateIssue(group: Command, context: CommandContext): void {
  addAuthorityOptions(group.command('issue'), context)
    .description('Sign a diagnosis certificate for given keys, as a verification server does.')
    .requiredOption(
      '--keys-file <json-file>',
      'the keys, spelled as they will be published: a publish request or its temporaryExposureKeys',
    )
    .option('--hmac-key <base64>', 'key of the HMAC; a new one unless given', base64)
    .option(
      '--onset-interval <interval>',
      'interval number in which symptoms began',
      wholeNumber({ min: 1, max: MAX_INTERVAL }),
    )
    .option(
      '--lifetime-minutes <minutes>',
      'how long it may be used',
      wholeNumber({ min: 1, max: 1440 }),
      15,
    )
    .option('--json', 'print JSON, to be merged into a publish request')
    .addHelpText('after', exampleOf('certificate issue --keys-file request.json --json'))
    .action(async (options: IssueOptions) => {
      await issue(options, context);
    });
}

async function issue(options: IssueOptions, context: CommandContext): Promise<void> {
  const hmacKey = options.hmacKey ?? newHmacKey(context.random);
  const verificationPayload = issueCertificate({
    privateKey: await readAuthorityKey(options),
    kid: options.kid,
    issuer: options.issuer,
    audience: await audienceOf(options, context),
    reportType: options.reportType,
    ...(options.onsetInterval === undefined ? {} : { onset: options.onsetInterval }),
    keys: await readKeys(options.keysFile),
    hmacKey,
    issuedAt: secondsOf(context.clock.now()),
    lifetimeSeconds: options.lifetimeMinutes * 60,
  });
  const fields = { verificationPayload, hmacKey: Buffer.from(hmacKey).toString('base64') };
  context.terminal.out(
    options.json === true
      ? jsonText(fields)
      : `verificationPayload  ${fields.verificationPayload}\nhmacKey              ${fields.hmacKey}\n`,
  );
}

async function readKeys(path: string): Promise<readonly OfferedKey[]> {
  const keys = parseOfferedKeys(await readTextFile(path, MAX_KEYS_FILE_BYTES));
  if (keys === undefined)
    throw new CommandFault(
      `${path} is not a list of keys with key, rollingStartNumber and rollingPeriod`,
    );
  return keys;
}

function base64(text: string): Uint8Array {
  const bytes = decodeTolerantBase64(text);
  if (bytes === undefined || bytes.length === 0) throw new InvalidArgumentError('must be base64');
  return bytes;
}

/** The keys of a publish request, or of its list alone, in JSON; undefined when it is neither or has none. */
function parseOfferedKeys(text: string): readonly OfferedKey[] | undefined {
  const document = parseJson(text);
  const listed = Array.isArray(document) ? document : memberOf(document, 'temporaryExposureKeys');
  if (!Array.isArray(listed) || listed.length === 0) return undefined;
  const keys = listed.map(offeredKey);
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

function offeredKey(stated: unknown): OfferedKey | undefined {
  const key = memberOf(stated, 'key');
  const rollingStartNumber = memberOf(stated, 'rollingStartNumber');
  const rollingPeriod = memberOf(stated, 'rollingPeriod');
  const transmissionRisk = memberOf(stated, 'transmissionRisk') ?? 0;
  if (typeof key !== 'string' || !isInteger(rollingStartNumber)) return undefined;
  if (!isInteger(rollingPeriod) || !isInteger(transmissionRisk)) return undefined;
  return { key, rollingStartNumber, rollingPeriod, transmissionRisk };
}

const isInteger = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value);

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
