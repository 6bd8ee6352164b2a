import type { ReceivedKey } from '@keyserver/federation';

type Keys = readonly ReceivedKey[];
type StoreKeys<Ending> = (keys: Keys) => Promise<Ending | 'go on'>;

/** Chunks that are stored at the same time: while one is committed, the next is looked up and decided. */
const AT_ONCE = 3;

/**
 * Stores chunks of one answer, several at a time; no order among primaries matters. A revision is only taken once its primary is stored, so from
 * the first chunk with a revision on they go one by one. After the first that does not let others go on no other is begun, and when this
 * ends, none is under way. Throws what storing throws.
 */
export async function storeChunks<Ending>(
  chunks: readonly Keys[],
  store: StoreKeys<Ending>,
): Promise<Ending | 'go on'> {
  const first = chunks.findIndex((keys) => keys.some(({ kind }) => kind === 'revision'));
  const together = first === -1 ? chunks.length : first;
  const ending = await several(chunks.slice(0, together), store, AT_ONCE);
  return ending === 'go on' ? await several(chunks.slice(together), store, 1) : ending;
}

async function several<Ending>(
  chunks: readonly Keys[],
  store: StoreKeys<Ending>,
  atOnce: number,
): Promise<Ending | 'go on'> {
  const waiting = [...chunks];
  const endings: Ending[] = [];
  const work = async (): Promise<void> => {
    for (let keys = waiting.shift(); keys !== undefined; keys = waiting.shift()) {
      try {
        const stored = await store(keys);
        if (stored !== 'go on') endings.push(stored);
      } catch (fault) {
        waiting.length = 0;
        throw fault;
      }
      if (endings.length > 0) return;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, work));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return endings[0] ?? 'go on';
}
