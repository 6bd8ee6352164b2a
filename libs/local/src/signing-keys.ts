import type { FindSigner, Signer } from '@keyserver/export-file';
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
import { privateFile, readPrivateFile } from './private-files.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const generate = promisify(generateKeyPair);

/** P-256 keys as PKCS#8 PEM files of one directory. */
export interface KeyFiles {
  readonly findSigner: FindSigner;
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
  return {
    findSigner: async (name) => {
      const key = await find(name);
      return key === undefined ? undefined : signerOf(key);
    },
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

const fileOf = (directory: string, name: string): string => join(directory, `${name}.pem`);

async function newKey(): Promise<Uint8Array> {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' });
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

function parseKey(pem: Buffer, name: string): KeyObject {
  const key = privateKeyOf(pem, name);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new Error(`the key file ${name}.pem does not hold a P-256 key`);
  return key;
}

function privateKeyOf(pem: Buffer, name: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new Error(`the key file ${name}.pem cannot be read as a private key`, { cause: error });
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
