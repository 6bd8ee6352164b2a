import { createPublicKey } from 'node:crypto';
import { parseTime } from '@keyserver/configuration';
import type { AuditCheckpoint } from '@keyserver/stores';
import type { UnixMillis } from '@keyserver/time';
import { type Command, InvalidArgumentError } from 'commander';
import { readTextFile } from '../bounded-read.ts';
import { CommandFault } from '../command-fault.ts';

/** Reads an option that is a time. */
export function instant(text: string): UnixMillis {
  const time = parseTime(text);
  if (time !== undefined) return time;
  throw new InvalidArgumentError('must be a time in UTC, such as 2026-01-15T12:00:00Z');
}

/** Reads an option that is the name of an operation. */
export function operationName(text: string): string {
  if (/^[a-z-]{1,40}\.[a-z-]{1,40}$/.test(text)) return text;
  throw new InvalidArgumentError('must be an operation, such as configuration.apply');
}

/** Adds the option for public keys that checkpoints must be signed with. */
export const addPublicKeyOption = (command: Command): Command =>
  command.option(
    '--public-key <file>',
    'a public key (PEM) that checkpoints are signed with; may be repeated',
    (file: string, before: readonly string[] | undefined) => [...(before ?? []), file],
  );

const MAX_KEY_BYTES = 10_000;

/** Reads files of public keys: P-256, PEM. */
export async function readPublicKeys(files: readonly string[]): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const file of files) {
    const pem = await readTextFile(file, MAX_KEY_BYTES);
    if (!isPublicKey(pem)) throw new CommandFault(`${file} is no public P-256 key in PEM`);
    keys.push(pem);
  }
  return keys;
}

function isPublicKey(pem: string): boolean {
  // A private key would be taken for its public half, and does not belong where checkpoints are verified.
  if (!pem.includes('BEGIN PUBLIC KEY')) return false;
  try {
    return createPublicKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false; // not a key at all
  }
}

/** A checkpoint as it is printed and kept outside. */
export const checkpointForMachines = (checkpoint: AuditCheckpoint): object => ({
  ...checkpoint,
  signature: Buffer.from(checkpoint.signature).toString('base64'),
});

const MAX_CHECKPOINT_BYTES = 10_000;
const SHA256 = /^[0-9a-f]{64}$/;
const BASE64 = /^[A-Za-z0-9+/]{1,200}={0,2}$/;

/** Reads a file that `audit checkpoint` has printed. */
export async function readCheckpoint(file: string): Promise<AuditCheckpoint> {
  const checkpoint = checkpointOf(await readTextFile(file, MAX_CHECKPOINT_BYTES));
  if (checkpoint === undefined)
    throw new CommandFault(`${file} is not what \`keyserver audit checkpoint\` printed`);
  return checkpoint;
}

function checkpointOf(text: string): AuditCheckpoint | undefined {
  const parsed = parseJson(text);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const field = (name: string): unknown => Reflect.get(parsed, name);
  const [sequence, entryAt, at] = [field('sequence'), field('entryAt'), field('at')];
  const [hash, publicKey, signature] = [field('hash'), field('publicKey'), field('signature')];
  return isCount(sequence) &&
    isCount(entryAt) &&
    isCount(at) &&
    isLike(hash, SHA256) &&
    isLike(signature, BASE64) &&
    isLike(publicKey, /BEGIN PUBLIC KEY/)
    ? { sequence, hash, entryAt, at, publicKey, signature: Buffer.from(signature, 'base64') }
    : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused with all else that is no checkpoint
  }
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) > 0;

const isLike = (value: unknown, form: RegExp): value is string =>
  typeof value === 'string' && form.test(value);
