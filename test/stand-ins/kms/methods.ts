import type { Message, Methods } from '../grpc/serve-grpc.ts';
import { crc32cOf } from './crc32c.ts';
import { type KeyRing, wrappingOf } from './key-ring.ts';
import { type Version, decrypt, encrypt } from './keys.ts';
import { Refusal } from '../grpc/refusal.ts';

const MAX_BYTES = 65_536;

/** The methods of Cloud KMS that the server uses, over a ring of keys. */
export const methodsOf = (ring: KeyRing): Methods => ({
  GetCryptoKey: (request) => {
    const { name, purpose, versions } = ring.key(textOf(request, 'name'));
    const primary = purpose === 'ENCRYPT_DECRYPT' ? versions.at(-1) : undefined;
    return { name, purpose, ...(primary === undefined ? {} : { primary: outline(primary) }) };
  },
  GetCryptoKeyVersion: (request) => outline(ring.version(textOf(request, 'name'))),
  GetPublicKey: (request) => {
    const name = textOf(request, 'name');
    const { pem, algorithm } = ring.signing(name);
    return { name, pem, algorithm, pemCrc32c: checksum(Buffer.from(pem)) };
  },
  AsymmetricSign: (request) => asymmetricSign(ring, request),
  Encrypt: (request) => encryptWith(ring, request),
  Decrypt: (request) => decryptWith(ring, request),
});

const outline = ({ name, state, material: { algorithm } }: Version): Message => ({
  ...{ name, state, algorithm, protectionLevel: 'SOFTWARE' },
});

function asymmetricSign(ring: KeyRing, request: Message): Message {
  const name = textOf(request, 'name');
  const { sign, digest: kind, digestLength } = ring.signing(name);
  const digest = bytesOf((request['digest'] ?? {}) as Message, kind);
  const verified = checkedBytes(request, 'digest', digest);
  if (digest.length !== digestLength)
    throw new Refusal('INVALID_ARGUMENT', `The digest must be ${kind} of ${digestLength} bytes.`);
  const signature = sign(digest);
  return {
    ...{ name, signature, signatureCrc32c: checksum(signature) },
    verifiedDigestCrc32c: verified,
  };
}

function encryptWith(ring: KeyRing, request: Message): Message {
  const key = ring.key(textOf(request, 'name'));
  const primary = key.versions.at(-1);
  if (primary === undefined) throw new Refusal('FAILED_PRECONDITION', 'no primary version');
  const { secret } = wrappingOf(primary);
  const content = bytesOf(request, 'plaintext');
  const aad = bytesOf(request, 'additionalAuthenticatedData');
  const verified = {
    verifiedPlaintextCrc32c: checkedBytes(request, 'plaintext', content),
    verifiedAdditionalAuthenticatedDataCrc32c: checkedBytes(request, AAD, aad),
  };
  const ciphertext = encrypt(key.versions.length, secret, { content, aad });
  return { name: primary.name, ciphertext, ciphertextCrc32c: checksum(ciphertext), ...verified };
}

const AAD = 'additionalAuthenticatedData';

function decryptWith(ring: KeyRing, request: Message): Message {
  const { name, versions } = ring.key(textOf(request, 'name'));
  const content = bytesOf(request, 'ciphertext');
  const aad = bytesOf(request, AAD);
  checkedBytes(request, 'ciphertext', content);
  checkedBytes(request, AAD, aad);
  const version = versions[(content[0] ?? 0) - 1];
  if (version === undefined)
    throw new Refusal(
      'INVALID_ARGUMENT',
      `Decryption failed: verify that 'name' refers to the correct CryptoKey, not ${name}.`,
    );
  const plaintext = decrypt(wrappingOf(version).secret, { content, aad });
  const usedPrimary = version === versions.at(-1);
  return { plaintext, plaintextCrc32c: checksum(plaintext), usedPrimary };
}

const checksum = (bytes: Uint8Array): Message => ({ value: crc32cOf(bytes) });

/** Whether there was a checksum; one that is wrong is refused, and so are more bytes than Cloud KMS takes. */
function checkedBytes(request: Message, field: string, bytes: Uint8Array): boolean {
  if (bytes.length > MAX_BYTES)
    throw new Refusal('INVALID_ARGUMENT', `The field ${field} is larger than 64 KiB.`);
  const given = request[`${field}Crc32c`] as { readonly value: number } | null;
  if (given === null) return false;
  if (given.value !== crc32cOf(bytes))
    throw new Refusal('INVALID_ARGUMENT', `The checksum of ${field} did not match its data.`);
  return true;
}

const textOf = (message: Message, field: string): string => String(message[field]);

const bytesOf = (message: Message, field: string): Uint8Array =>
  (message[field] ?? new Uint8Array()) as Uint8Array;
