import {
  type FindSigner,
  type Signer,
  type SignerProblem,
  type TrySigner,
  type UnusableSigner,
  tryOut,
} from '@keyserver/export-file';
import type { Random } from '@keyserver/random';
import {
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  createSign,
  generateKeyPair,
} from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { failedWith } from './durable-files.ts';
import { KeyFileFault, privateFile, readPrivateFile } from './private-files.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const generate = promisify(generateKeyPair);

/** P-256 keys as PKCS#8 PEM files of one directory. */
export interface KeyFiles {
  readonly findSigner: FindSigner;
  /** Tries a key out, and says what is wrong with its file when it cannot sign. */
  readonly trySigner: TrySigner;
  /** Makes sure that a key of this name exists, and gives its public half as PEM (SPKI). */
  readonly create: (name: string) => Promise<string>;
  /** The public half of the key of this name; undefined when there is none. */
  readonly publicKeyOf: (name: string) => Promise<string | undefined>;
}

/** The P-256 keys of a directory. A file is read anew each time, so a key that is taken away stops signing at once. */
export function keyFiles(directory: string, random: Random): KeyFiles {
  const find = async (name: string): Promise<KeyObject | undefined> => {
    if (!NAME.test(name)) return undefined;
    const file = await readPrivateFile(fileOf(directory, name));
    return file === undefined ? undefined : parseKey(file, name);
  };
  const findSigner: FindSigner = async (name) => {
    const key = await find(name);
    return key === undefined ? undefined : signerOf(key);
  };
  return {
    findSigner,
    trySigner: async (name) => await tryKeyFile(findSigner, directory, name),
    publicKeyOf: async (name) => {
      const key = await find(name);
      return key === undefined ? undefined : publicPem(key);
    },
    create: async (name) => {
      if (!NAME.test(name)) throw new RangeError('not the name of a key');
      const file = await privateFile(fileOf(directory, name), newKey, random);
      return publicPem(parseKey(file, name));
    },
  };
}

async function tryKeyFile(
  findSigner: FindSigner,
  directory: string,
  name: string,
): Promise<UnusableSigner | undefined> {
  const place = NAME.test(name) ? fileOf(directory, name) : directory;
  try {
    const signer = await findSigner(name);
    if (signer !== undefined) {
      await tryOut(signer);
      return undefined;
    }
    return unusable(NAME.test(name) ? 'not_found' : 'malformed_name', place);
  } catch (error) {
    return unusable(problemOf(error), place);
  }
}

function problemOf(error: unknown): FileProblem {
  if (error instanceof KeyFileFault) return error.code;
  return failedWith(error, 'EACCES') ? 'forbidden' : 'failed';
}

type FileProblem = Exclude<SignerProblem, 'unreachable' | 'corrupt' | 'not_enabled' | 'replaced'>;

const SENTENCE: Readonly<Record<FileProblem, string>> = {
  failed: 'cannot be read: look at the disk',
  malformed_name:
    'has no file of such a name: signingKey is the name of a file there, without .pem',
  not_found: 'does not exist: put the key there, or correct signingKey',
  forbidden: 'may not be read by this user: make it the owner',
  wrong_kind: 'does not hold a P-256 private key: put one there',
  exposed: 'can be read by others than its owner, and may be known to them: run chmod 600 on it',
};

const unusable = (problem: FileProblem, place: string): UnusableSigner => ({
  problem,
  place,
  message: `${place} ${SENTENCE[problem]}`,
});

const fileOf = (directory: string, name: string): string => join(directory, `${name}.pem`);

async function newKey(): Promise<Uint8Array> {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' });
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

function parseKey(pem: Buffer, name: string): KeyObject {
  const key = privateKeyOf(pem, name);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new KeyFileFault('wrong_kind', `the key file ${name}.pem does not hold a P-256 key`);
  return key;
}

function privateKeyOf(pem: Buffer, name: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new KeyFileFault(
      'wrong_kind',
      `the key file ${name}.pem cannot be read as a private key`,
      {
        cause: error,
      },
    );
  }
}

const publicPem = (key: KeyObject): string =>
  createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();

function signerOf(key: KeyObject): Signer {
  return {
    begin: () => {
      const signature = createSign('sha256');
      return {
        update: (piece) => {
          signature.update(piece);
        },
        finish: () => Promise.resolve(signature.sign(key)),
      };
    },
    publicKey: () => Promise.resolve(publicPem(key)),
  };
}
