import type { KeyWrapper } from '@keyserver/revision-token';
import { checksumOf, intact, requireName, requireVerified } from './checksum.ts';
import { type Kms, callOptions } from './connection.ts';
import { faultOf, isRefusal, requireKeyName } from './kms-fault.ts';

/** The wrapper under a key of Cloud KMS, which picks the key's version itself. Throws KmsFault when it is no key's full name. */
export function wrapperUnder(kms: Kms, key: string): KeyWrapper {
  requireKeyName(key);
  return {
    wrap: async (dataKey, aad) => {
      try {
        return await kms.ask(
          async (timeoutMs) => await encrypt(kms, { key, dataKey, aad, timeoutMs }),
        );
      } catch (error) {
        throw faultOf(key, error);
      }
    },
    unwrap: async (wrapped, aad) => {
      try {
        return await kms.ask(
          async (timeoutMs) => await decrypt(kms, { key, wrapped, aad, timeoutMs }),
        );
      } catch (error) {
        if (isRefusal(error)) return undefined;
        throw faultOf(key, error);
      }
    },
  };
}

interface Asked {
  readonly key: string;
  readonly aad: Uint8Array;
  readonly timeoutMs: number;
}

async function encrypt(
  { client }: Kms,
  { key, dataKey, aad, timeoutMs }: Asked & { readonly dataKey: Uint8Array },
): Promise<Uint8Array> {
  const plaintext = { plaintext: dataKey, plaintextCrc32c: checksumOf(dataKey) };
  const request = { name: key, ...plaintext, ...boundTo(aad) };
  const [answer] = await client.encrypt(request, callOptions(timeoutMs));
  requireName(answer.name?.startsWith(`${key}/cryptoKeyVersions/`) === true);
  requireVerified(answer.verifiedPlaintextCrc32c);
  if (aad.length > 0) requireVerified(answer.verifiedAdditionalAuthenticatedDataCrc32c);
  return intact('ciphertext', answer.ciphertext, answer.ciphertextCrc32c);
}

async function decrypt(
  { client }: Kms,
  { key, wrapped, aad, timeoutMs }: Asked & { readonly wrapped: Uint8Array },
): Promise<Uint8Array> {
  const ciphertext = { ciphertext: wrapped, ciphertextCrc32c: checksumOf(wrapped) };
  const request = { name: key, ...ciphertext, ...boundTo(aad) };
  const [answer] = await client.decrypt(request, callOptions(timeoutMs));
  return intact('plaintext', answer.plaintext, answer.plaintextCrc32c);
}

const boundTo = (aad: Uint8Array) =>
  aad.length === 0
    ? {}
    : { additionalAuthenticatedData: aad, additionalAuthenticatedDataCrc32c: checksumOf(aad) };
