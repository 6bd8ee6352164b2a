import { bindingDigest } from '@keyserver/attestation';
import { boundUploadOf, parseV1Upload } from '@keyserver/publish';
import { InvalidArgumentError } from 'commander';
import { readSmallFile } from '../bounded-read.ts';
import { CommandFault } from '../command-fault.ts';

/** Where the digest comes from that an object must be bound to. */
export interface DigestFlags {
  readonly clientDataHash?: Uint8Array;
  readonly upload?: string;
  readonly challenge?: Uint8Array;
}

/** Bytes of a request body, as the publish service bounds it. */
const MAX_UPLOAD_BYTES = 64_000;

/** The digest that was given, or the one of an upload in a file; exactly one of the two must be there. */
export async function digestOf(flags: DigestFlags): Promise<Uint8Array> {
  if ((flags.clientDataHash === undefined) === (flags.upload === undefined))
    throw new CommandFault('give either --client-data-hash or --upload');
  if (flags.clientDataHash !== undefined) {
    if (flags.challenge === undefined) return flags.clientDataHash;
    throw new CommandFault('--challenge goes with --upload: a digest covers the challenge already');
  }
  return await digestOfUpload(flags.upload ?? '', flags.challenge);
}

async function digestOfUpload(
  file: string,
  challenge: Uint8Array | undefined,
): Promise<Uint8Array> {
  const read = parseV1Upload(await readSmallFile(file, MAX_UPLOAD_BYTES));
  if (read.kind === 'refused')
    throw new CommandFault(`${file} is not the body of an upload: ${read.problem}`);
  const upload = boundUploadOf(read.request, challenge);
  if (upload === undefined)
    throw new CommandFault(`${file} has a key or an hmacKey that is not base64 of its length`);
  return bindingDigest(upload);
}

/** Reads an option that is bytes in hex. */
export function hexBytes(text: string): Uint8Array {
  if (/^([0-9a-fA-F]{2}){1,64}$/.test(text)) return new Uint8Array(Buffer.from(text, 'hex'));
  throw new InvalidArgumentError('must be 1 to 64 bytes in hex');
}

/** Reads an option that is bytes in base64, of either alphabet. */
export function base64Bytes(text: string): Uint8Array {
  if (/^[A-Za-z0-9+/_-]{2,200}={0,2}$/.test(text))
    return new Uint8Array(Buffer.from(text, 'base64'));
  throw new InvalidArgumentError('must be base64');
}
