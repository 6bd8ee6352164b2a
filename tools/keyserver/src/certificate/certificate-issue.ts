import { type OfferedKey, decodeTolerantBase64 } from '@keyserver/exposure-keys';
import { issueCertificate } from '@keyserver/health-authority';
import { secondsOf } from '@keyserver/time';
import { type Command, InvalidArgumentError } from 'commander';
import {
  type AuthorityOptions,
  addAuthorityOptions,
  readAuthorityKey,
} from '../authority-options.ts';
import { CommandFault } from '../failure.ts';
import { readTextFile } from '../files.ts';
import { newHmacKey } from '../hmac-key.ts';
import { wholeNumber } from '../option-values.ts';
import { parseOfferedKeys } from './offered-keys.ts';
import type { Surroundings } from '../surroundings.ts';
import { jsonText } from '../table.ts';

interface IssueOptions extends AuthorityOptions {
  readonly keysFile: string;
  readonly hmacKey?: Uint8Array;
  readonly onsetInterval?: number;
  readonly lifetimeMinutes: number;
  readonly json?: true;
}

const MAX_KEYS_FILE_BYTES = 1_000_000;
const MAX_INTERVAL = 2 ** 31 - 1;

/** The commands about diagnosis certificates. */
export function addCertificateCommands(program: Command, around: Surroundings): void {
  const group = program
    .command('certificate')
    .description('Issue diagnosis certificates for tests.')
    .addHelpText('after', EXAMPLE);
  addAuthorityOptions(group.command('issue'), around)
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
    .addHelpText('after', EXAMPLE)
    .action(async (options: IssueOptions) => {
      await issue(options, around);
    });
}

const EXAMPLE = '\nExample:\n  $ keyserver certificate issue --keys-file request.json --json';

async function issue(options: IssueOptions, around: Surroundings): Promise<void> {
  const hmacKey = options.hmacKey ?? newHmacKey(around.random);
  const verificationPayload = issueCertificate({
    privateKey: await readAuthorityKey(options),
    kid: options.kid,
    issuer: options.issuer,
    audience: options.audience,
    reportType: options.reportType,
    ...(options.onsetInterval === undefined ? {} : { onset: options.onsetInterval }),
    keys: await readKeys(options.keysFile),
    hmacKey,
    issuedAt: secondsOf(around.clock.now()),
    lifetimeSeconds: options.lifetimeMinutes * 60,
  });
  const fields = { verificationPayload, hmacKey: Buffer.from(hmacKey).toString('base64') };
  around.terminal.out(
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
