import { createHash } from 'node:crypto';
import { type DocumentStore, collection, int, text } from '@keyserver/docstore';
import type { SignerName, UsedSigningKeys } from '@keyserver/export-file';

/** The public key of each id and version that has ever signed a file. Written once, never changed. */
export const usedKeys = collection({
  name: 'usedSigningKeys',
  fields: { keyId: text(), keyVersion: text(), publicKey: text(), since: int() },
});

/** Ids and versions may hold any text, ids of documents may not. */
const documentId = ({ keyId, keyVersion }: SignerName): string =>
  createHash('sha256')
    .update(JSON.stringify([keyId, keyVersion]))
    .digest('hex');

/** The signing keys that have signed, kept in the document store. */
export function usedSigningKeys(store: DocumentStore): UsedSigningKeys {
  const find = async (name: SignerName): Promise<string | undefined> => {
    const [used] = await store.get(usedKeys, [documentId(name)]);
    return used?.publicKey;
  };
  return {
    find,
    record: async (name, publicKey) => {
      const first = await find(name);
      if (first !== undefined) return first;
      const { keyId, keyVersion } = name;
      return await store.transact(async (tx) => {
        const [used] = await tx.get(usedKeys, [documentId(name)]);
        if (used !== undefined) return used.publicKey;
        tx.create(usedKeys, documentId(name), { keyId, keyVersion, publicKey, since: tx.now });
        return publicKey;
      });
    },
  };
}
