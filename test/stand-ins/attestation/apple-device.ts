import { KeyObject, sign, webcrypto } from 'node:crypto';
import { encode } from 'cborg';
import { type AppleAuthority, ecKeys, sha256 } from './apple-authority.ts';

/** What an object is made for, and each way in which it may differ from Apple's. */
export interface AttestOrder {
  /** `<teamId>.<bundleId>`. */
  readonly appId: string;
  /** 32 bytes. */
  readonly clientDataHash: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  readonly flaws?: Flaws;
}

/** Every flaw is made before signing, so that it is the only one. */
export interface Flaws {
  readonly format?: string;
  readonly flags?: number;
  readonly counter?: number;
  /** 16 bytes, in Latin-1. */
  readonly aaguid?: string;
  readonly curve?: 'P-256' | 'P-384';
  readonly credentialId?: Uint8Array;
  /** The COSE key of somebody else. */
  readonly otherCredentialKey?: boolean;
  /** Instead of the nonce extension's contents: none, or several. */
  readonly nonces?: (nonce: Uint8Array) => readonly Uint8Array[];
  readonly leafIsAuthority?: boolean;
  readonly validFrom?: number;
  readonly validTo?: number;
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly certificates?: (leaf: Uint8Array, authority: AppleAuthority) => readonly Uint8Array[];
  /** Changes the whole object before it is encoded. */
  readonly object?: (object: Readonly<Record<string, unknown>>) => unknown;
  /** Changes the bytes. */
  readonly bytes?: (bytes: Uint8Array) => Uint8Array;
}

/** A key in a device, and its attestation. */
export interface AttestedDevice {
  readonly keyId: Uint8Array;
  readonly keys: webcrypto.CryptoKeyPair;
  /** CBOR. */
  readonly object: Uint8Array;
  /** As a request carries it. */
  readonly payload: string;
}

const DAY = 86_400_000;
const PRODUCTION = 'appattest\0\0\0\0\0\0\0';

/** What nothing is wrong with. */
const FLAWLESS = {
  ...{ format: 'apple-appattest', flags: 0x40, counter: 0, aaguid: PRODUCTION },
  curve: 'P-256' as 'P-256' | 'P-384',
  ...{ otherCredentialKey: false, leafIsAuthority: false },
  nonces: (only: Uint8Array) => [nonceExtension(only)],
  certificates: (leaf: Uint8Array, { intermediate }: AppleAuthority) => [leaf, intermediate],
  object: (object: Readonly<Record<string, unknown>>): unknown => object,
  bytes: (bytes: Uint8Array) => bytes,
};

/** Lets a synthetic device make a key and have it attested. */
export async function attest(
  authority: AppleAuthority,
  { appId, clientDataHash, now, flaws: some = {} }: AttestOrder,
): Promise<AttestedDevice> {
  const flaws = { validFrom: now - DAY, validTo: now + 2 * DAY, ...FLAWLESS, ...some };
  const keys = await ecKeys(flaws.curve);
  const point = await pointOf(keys);
  const keyId = sha256(point);
  const authData = Buffer.concat([
    head(appId, flaws.flags, flaws.counter),
    Buffer.from(flaws.aaguid, 'latin1'),
    credential(flaws.credentialId ?? keyId),
    coseKey(flaws.otherCredentialKey ? await pointOf(await ecKeys('P-256')) : point),
    encodedMap(flaws.extensions),
  ]);
  const leaf = await authority.certify({
    publicKey: keys.publicKey,
    validFrom: flaws.validFrom,
    validTo: flaws.validTo,
    nonces: flaws.nonces(sha256(authData, clientDataHash)),
    isAuthority: flaws.leafIsAuthority,
  });
  const x5c = flaws.certificates(leaf, authority);
  const attStmt = { x5c, receipt: Buffer.from('synthetic receipt') };
  const object = flaws.bytes(encode(flaws.object({ fmt: flaws.format, attStmt, authData })));
  return { keyId, keys, object, payload: payloadOf(keyId, object) };
}

const encodedMap = (map: Readonly<Record<string, unknown>> | undefined): Uint8Array =>
  map === undefined ? new Uint8Array() : encode(map);

/** What an assertion is made for. */
export interface AssertOrder {
  readonly appId: string;
  readonly clientDataHash: Uint8Array;
  readonly counter: number;
  readonly flags?: number;
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Signs as if the nonce were not hashed once more, which is a known mistake. */
  readonly hashedOnce?: boolean;
}

/** Lets a synthetic device sign with its key; as a request carries it. */
export function assertWith(
  { keyId, keys }: Pick<AttestedDevice, 'keyId' | 'keys'>,
  order: AssertOrder,
): string {
  const authenticatorData = Buffer.concat([
    head(order.appId, order.flags ?? 0x40, order.counter),
    encodedMap(order.extensions),
  ]);
  const parts = [authenticatorData, order.clientDataHash];
  const message = order.hashedOnce === true ? Buffer.concat(parts) : sha256(...parts);
  const signature = sign('sha256', message, KeyObject.from(keys.privateKey));
  return payloadOf(keyId, encode({ signature, authenticatorData }));
}

/** Key id and object in base64url, with a point between. */
export const payloadOf = (keyId: Uint8Array, object: Uint8Array): string =>
  [keyId, object].map((each) => Buffer.from(each).toString('base64url')).join('.');

/** `SEQUENCE { [1] EXPLICIT OCTET STRING(32) }`, as Apple's certificates carry a nonce. */
export const nonceExtension = (nonce: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(0x30, 0x24, 0xa1, 0x22, 0x04, 0x20), nonce]);

function head(appId: string, flags: number, counter: number): Buffer {
  const rest = Buffer.alloc(5);
  rest.writeUInt8(flags);
  rest.writeUInt32BE(counter, 1);
  return Buffer.concat([sha256(Buffer.from(appId)), rest]);
}

function credential(id: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(id.length);
  return Buffer.concat([length, id]);
}

/** EC2, ES256, P-256 and the two coordinates (RFC 9053, 7.1.1). */
function coseKey(point: Uint8Array): Uint8Array {
  const half = (point.length - 1) / 2;
  return encode(
    new Map<number, unknown>([
      ...([
        [1, 2],
        [3, -7],
        [-1, 1],
      ] as const),
      [-2, point.subarray(1, 1 + half)],
      [-3, point.subarray(1 + half)],
    ]),
  );
}

const pointOf = async ({ publicKey }: webcrypto.CryptoKeyPair): Promise<Uint8Array> =>
  new Uint8Array(await webcrypto.subtle.exportKey('raw', publicKey));
