import {
  type SigningAlgorithm,
  type SigningVersion,
  type Version,
  type VersionState,
  type WrappingVersion,
  newSigningVersion,
  newWrappingVersion,
} from './keys.ts';
import { Refusal } from '../grpc/refusal.ts';

/** A key with its versions, of which the first in number is 1. */
export interface Key {
  readonly name: string;
  readonly purpose: 'ASYMMETRIC_SIGN' | 'ENCRYPT_DECRYPT';
  readonly versions: Version[];
  readonly newVersion: () => Version['material'];
}

const VERSION = /^(.+)\/cryptoKeyVersions\/([1-9][0-9]*)$/;

/** All keys of a stand-in, in memory. */
export class KeyRing {
  private readonly keys = new Map<string, Key>();

  createSigningKey(name: string, algorithm: SigningAlgorithm): string {
    return this.create({
      ...{ name, purpose: 'ASYMMETRIC_SIGN', versions: [] },
      newVersion: () => newSigningVersion(algorithm),
    });
  }

  createWrappingKey(name: string): string {
    return this.create({
      ...{ name, purpose: 'ENCRYPT_DECRYPT', versions: [] },
      newVersion: newWrappingVersion,
    });
  }

  /** A further version; of a wrapping key it becomes the primary one, the last. */
  addVersion(key: string): string {
    const { versions, newVersion } = this.key(key);
    const name = `${key}/cryptoKeyVersions/${versions.length + 1}`;
    versions.push({ name, material: newVersion(), state: 'ENABLED' });
    return name;
  }

  setState(version: string, state: VersionState): void {
    this.version(version).state = state;
  }

  key(name: string): Key {
    const key = this.keys.get(name);
    if (key === undefined) throw new Refusal('NOT_FOUND', `CryptoKey ${name} not found.`);
    return key;
  }

  version(name: string): Version {
    const [, key = '', number = ''] = VERSION.exec(name) ?? [];
    if (key === '')
      throw new Refusal('INVALID_ARGUMENT', `${name} is not the name of a CryptoKeyVersion.`);
    const version = this.key(key).versions[Number(number) - 1];
    if (version === undefined)
      throw new Refusal('NOT_FOUND', `CryptoKeyVersion ${name} not found.`);
    return version;
  }

  /** The material of an enabled version that signs. */
  signing(name: string): SigningVersion {
    const version = this.version(name);
    if (version.material.kind !== 'sign') throw unfit(name, 'ASYMMETRIC_SIGN');
    requireEnabled(version);
    return version.material;
  }

  private create(key: Key): string {
    if (this.keys.has(key.name)) throw new Refusal('ALREADY_EXISTS', `${key.name} exists.`);
    this.keys.set(key.name, key);
    return this.addVersion(key.name);
  }
}

/** The material of an enabled version that wraps. */
export function wrappingOf(version: Version): WrappingVersion {
  if (version.material.kind !== 'wrap') throw unfit(version.name, 'ENCRYPT_DECRYPT');
  requireEnabled(version);
  return version.material;
}

function requireEnabled({ name, state }: Version): void {
  if (state !== 'ENABLED')
    throw new Refusal('FAILED_PRECONDITION', `${name} is not enabled, current state is: ${state}.`);
}

const unfit = (name: string, purpose: string): Refusal =>
  new Refusal('FAILED_PRECONDITION', `${name} is of a key whose purpose is not ${purpose}.`);
