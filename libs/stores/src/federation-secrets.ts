import { type DocumentStore, bytes, collection } from '@keyserver/docstore';
import { TOKEN_KEY_BYTES } from '@keyserver/federation';
import type { Random } from '@keyserver/random';

/**
 * What seals the positions that partners keep; the id of the one document is TOKEN. It moves with the data, so that partners go on
 * at another store where they were.
 */
export const federationSecrets = collection({
  name: 'federationSecrets',
  fields: { key: bytes() },
});

const TOKEN = 'token';

/** The key that tokens are sealed with: the one that is known, or the stored one, read `anew`. */
export type ReadSealingKey = (how?: 'anew') => Promise<Uint8Array>;

/**
 * Reads the key, and draws it when there is none: the first time somebody needs it, so that an empty store stays empty. `onDrawn`
 * hears of it, since states of partners that were sealed with a lost one are worthless from then on.
 */
export function readSealingKey(
  store: DocumentStore,
  { random, onDrawn }: { readonly random: Random; readonly onDrawn: () => void },
): ReadSealingKey {
  let known: Uint8Array | undefined;
  return async (how) => {
    if (known !== undefined && how !== 'anew') return known;
    const [stored] = await store.get(federationSecrets, [TOKEN]);
    known = stored?.key ?? (await drawKey(store, random, onDrawn));
    return known;
  };
}

async function drawKey(
  store: DocumentStore,
  random: Random,
  onDrawn: () => void,
): Promise<Uint8Array> {
  const drawn = random.bytes(TOKEN_KEY_BYTES);
  const key = await store.transact(async (tx) => {
    const [stored] = await tx.get(federationSecrets, [TOKEN]);
    if (stored !== undefined) return stored.key; // somebody else was faster, or an earlier attempt of ours
    tx.create(federationSecrets, TOKEN, { key: drawn });
    return drawn;
  });
  if (Buffer.compare(key, drawn) === 0) onDrawn();
  return key;
}
