import { type KeyObject, createPrivateKey } from 'node:crypto';
import { join } from 'node:path';
import { DEVELOPMENT_NAMES } from '@keyserver/configuration';
import { CERTIFIED_REPORT_TYPES, type CertifiedReportType } from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import { findAuthority } from '@keyserver/stores';
import { type Command, Option } from 'commander';
import { readTextFile } from './bounded-read.ts';
import { CommandFault } from './command-fault.ts';
import { isServerDirectory, openStore } from './open-store.ts';
import type { CommandContext } from './terminal.ts';

/** How a command line names an authority and its key; the development authority unless told otherwise. */
export interface SignerOptions {
  readonly dataDir: string;
  readonly authorityKey?: string;
  readonly kid: string;
  readonly issuer: string;
}

/** How a command line names the authority that certifies keys, and what it certifies. */
export interface AuthorityOptions extends SignerOptions {
  readonly audience?: string;
  readonly reportType: CertifiedReportType;
}

/** Adds the options of whoever signs as an authority to a command. */
export function addSignerOptions(command: Command, context: CommandContext): Command {
  const { kid, issuer } = DEVELOPMENT_NAMES.authority;
  return command
    .option('--data-dir <directory>', 'where the server keeps its data', context.dataDirectory)
    .option(
      '--authority-key <pem-file>',
      `private key of the authority (PKCS#8); ${DEVELOPMENT_NAMES.authorityKeyFile} of the data directory unless given`,
    )
    .option('--kid <version>', "version of the authority's key", kid)
    .option('--issuer <issuer>', 'issuer that the authority is configured with', issuer);
}

/** Adds the options of an authority that certifies to a command. */
export function addAuthorityOptions(command: Command, context: CommandContext): Command {
  const { audience } = DEVELOPMENT_NAMES.authority;
  return addSignerOptions(command, context)
    .option(
      '--audience <audience>',
      `audience of the certificate; unless given, the one that the server in the data directory expects of the issuer, or ${audience}`,
    )
    .addOption(
      new Option('--report-type <type>', 'what the authority certifies')
        .choices(CERTIFIED_REPORT_TYPES)
        .default('confirmed'),
    );
}

/**
 * The audience that a certificate names. A server keeps the one that it was configured with, which may be older than this program's
 * own; so the store that lies beside the authority's key is asked.
 */
export async function audienceOf(
  { audience, authorityKey, dataDir, issuer }: AuthorityOptions,
  context: CommandContext,
): Promise<string> {
  const usual = DEVELOPMENT_NAMES.authority.audience;
  if (audience !== undefined) return audience;
  if (authorityKey !== undefined || !isServerDirectory(dataDir)) return usual;
  const { store, close } = await openStore({ dataDir }, context, { mayBeNew: 'nothing' });
  try {
    return (await findAuthority(store)(issuer))?.audience ?? usual;
  } finally {
    await close();
  }
}

const MAX_KEY_BYTES = 64 * 1024;

/** The private key that the options name. */
export async function readAuthorityKey(options: SignerOptions): Promise<KeyObject> {
  const path = options.authorityKey ?? join(options.dataDir, DEVELOPMENT_NAMES.authorityKeyFile);
  const pem = await readTextFile(path, MAX_KEY_BYTES).catch((error: unknown) => {
    if (options.authorityKey !== undefined || !(error instanceof CommandFault)) throw error;
    throw new CommandFault(`${error.message}; start the server here once, or give --authority-key`);
  });
  const key = privateKeyOf(pem);
  if (key?.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  throw new CommandFault(`${path} is not a P-256 private key in PEM`);
}

function privateKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

const BYTES = 32;

/** A new secret that ties a certificate to the keys it certifies. */
export const newHmacKey = (random: Random): Uint8Array => random.bytes(BYTES);
