import {
  type Collection,
  type Comparable,
  type DocumentStore,
  type Query,
  StoreFault,
} from '@keyserver/docstore';
import {
  SHARDS,
  StoreFormatFault,
  allCollections,
  compareStoreFormat,
  keyBatches,
  readLifecycle,
  readStoreFormat,
  stateOf,
  stateOfPart,
} from '@keyserver/stores';
import { DAY } from '@keyserver/time';
import {
  type Check,
  asSentence,
  counted,
  failure,
  notApplicable,
  ok,
  sentenceOf,
  warning,
  worstOf,
} from '../check.ts';

const storeReachable: Check = {
  id: 'store_reachable',
  about: 'The document store can be opened, and answers.',
  why: 'Without it no upload is taken and no file is made.',
  mend: 'Look at the path or the names that you gave, at the permissions of this user, and at whether the database is there.',
  run: async ({ open }) => {
    try {
      const { store, place } = await open();
      await readStoreFormat(store);
      return ok(`The data in ${place} can be read.`);
    } catch (fault) {
      return failure(sentenceOf(fault));
    }
  },
};

const storeComplete: Check = {
  id: 'store_complete',
  about: 'The database has every commit that was acknowledged.',
  why: 'Keys that were taken and are gone reach nobody, and nobody would notice.',
  mend: 'Stop the services and follow docs/runbooks/missing-part.md.',
  run: async ({ platform, open }) => {
    if (platform === 'gcp') return notApplicable('Firestore keeps what it has acknowledged.');
    const { missingCommits } = await open();
    return missingCommits === 0
      ? ok('The database has every commit that was acknowledged.')
      : failure(`The database lacks its last ${counted(missingCommits, 'commit')}.`);
  },
};

const storeFormat: Check = {
  id: 'store_format',
  about:
    'The store was written with the settings that this environment has: window, profile, secret.',
  why: 'Services refuse a store that was written otherwise, and keys would be found by the wrong hash.',
  mend: 'Run the doctor in the environment of the services; see docs/configuration.md.',
  run: async ({ open, settings: { window, profile, keyHashSecret } }) => {
    const { store, place } = await open();
    const secret = keyHashSecret === undefined ? {} : { keyHashSecret };
    try {
      const format = await compareStoreFormat(store, { place, window, profile, ...secret });
      if (format === undefined)
        return failure(
          `No service has ever used the store in ${place}.`,
          'Start the services once.',
        );
    } catch (fault) {
      if (fault instanceof StoreFormatFault) return failure(asSentence(fault.message));
      throw fault;
    }
    return ok('Format, window and profile are those of this environment.');
  },
};

const storeOpen: Check = {
  id: 'server_open',
  about: 'The server takes keys, or it is meant that it does not.',
  why: 'A server that is closing or sleeps refuses every upload, and one that waits to be emptied keeps data that nobody needs.',
  mend: 'See `npx keyserver decommission status` and docs/decommission.md: abort it, finish it, or `npx keyserver wake`.',
  run: async ({ open }) => {
    const { store } = await open();
    const life = await readLifecycle(store);
    switch (stateOf(life)) {
      case 'open':
        return ok('The server is open.');
      case 'closing':
        return warning(`The server is closing (${life?.goal ?? ''}): it takes no uploads.`);
      case 'emptying':
        return warning('The server is being emptied, and `finish` has to be run again.');
      case 'ended':
      case 'hibernating':
        return ok(`The server is ${stateOf(life)}, and has been emptied.`);
    }
  },
};

const storeIndexes: Check = {
  id: 'store_indexes',
  about: 'Every declared index answers a query.',
  why: 'A query without its index is refused: uploads or files stop where it is first needed.',
  mend: 'Create what terraform/firestore-indexes.json lists and wait until it is built; on one machine put a copy of the database back.',
  run: async ({ open }) => {
    const { store } = await open();
    const lacking = (
      await Promise.all(allCollections.map(async (each) => await probe(store, each)))
    )
      .flat()
      .sort();
    return lacking.length === 0
      ? ok('All declared indexes answer.')
      : failure(`Queries are refused or fail: ${lacking.slice(0, 5).join('; ')}.`);
  },
};

/** The indexes of a collection that do not answer. */
async function probe<D>(store: DocumentStore, of: Collection<D>): Promise<readonly string[]> {
  const { name, indexes, arrayIndex } = of.layout;
  const lacking: string[] = [];
  for (const fields of indexes)
    if (!(await answers(store, of, queryBy(of, fields))))
      lacking.push(`${name} by ${fields.join(', ')}`);
  if (arrayIndex !== undefined && isField(of, arrayIndex)) {
    const query: Query<D> = { containsAny: { field: arrayIndex, values: [0] } };
    if (!(await answers(store, of, query))) lacking.push(`${name} by ${arrayIndex}`);
  }
  return lacking;
}

/** Faults that may be over in a moment say nothing of an index. */
const PASSING = new Set(['unavailable', 'contended', 'clock']);

/** What Firestore answers to a query without its index: https://firebase.google.com/docs/firestore/query-data/indexing. */
const lacksIndex = ({ details }: StoreFault): boolean => details.code === 'FAILED_PRECONDITION';

async function answers<D>(
  store: DocumentStore,
  of: Collection<D>,
  query: Query<D>,
): Promise<boolean> {
  try {
    for await (const page of store.pages(of, { ...query, limit: 1 }, 1))
      if (page.length === 0) break;
    return true;
  } catch (fault) {
    if (fault instanceof StoreFault && (lacksIndex(fault) || !PASSING.has(fault.code)))
      return false;
    throw fault;
  }
}

const ZEROS: Readonly<Record<string, Comparable>> = { int: 0, text: '', bool: false };

/** A query that only this index serves; it finds little or nothing. */
function queryBy<D>(of: Collection<D>, index: readonly string[]): Query<D> {
  const fields = index.filter((name) => isField(of, name));
  const by = fields.at(-1);
  const where: Partial<Record<keyof D & string, Comparable>> = {};
  for (const name of fields.slice(0, -1)) {
    const kind = of.layout.fields.find((field) => field.name === name)?.kind ?? 'int';
    Object.assign(where, { [name]: ZEROS[kind] ?? 0 });
  }
  return by === undefined ? {} : { where, order: { by } };
}

const isField = <D>(of: Collection<D>, name: string): name is keyof D & string =>
  of.layout.fields.some((field) => field.name === name);

const storeParts: Check = {
  id: 'store_parts',
  about: 'Keys and buckets carry the id of the database.',
  why: 'A part that vanished, or is that of another server, is never used; its files or keys are missing.',
  mend: 'Put back what belongs together, or follow docs/runbooks/missing-part.md.',
  run: async ({ open }) => {
    const { store, parts } = await open();
    const format = await readStoreFormat(store);
    if (format === undefined) return notApplicable('The store has no id yet.');
    const all = await parts();
    const findings = await Promise.all(
      all.map(async (part) => {
        const state = await stateOfPart(store, format.storeId, part);
        return state === 'present'
          ? ok(part.name)
          : state === 'new'
            ? warning(`${part.described} was never used by a service of this store.`)
            : failure(`${part.described} ${STATE[state]}.`);
      }),
    );
    return worstOf(findings, ok(`${counted(all.length, 'part')} belong to the database.`));
  },
};

const STATE = {
  gone: 'does not carry the id of the store any more',
  foreign: 'carries the id of another store',
} as const;

/**
 * Firestore deletes within about a day of expiry (https://firebase.google.com/docs/firestore/ttl). What no export has covered
 * stays seven days longer, on purpose.
 */
const DELETED_WITHIN = 8 * DAY;

const expiredKeys: Check = {
  id: 'expired_keys_deleted',
  about: 'Keys past their retention are deleted.',
  why: 'People were promised that their keys are gone by then; nobody may read them any more, and they must not lie about.',
  mend: 'On Google Cloud turn on the TTL policy for keyBatches.expireAt; on one machine see docs/runbooks/housekeeping.failed.md.',
  run: async ({ open }) => {
    const { store } = await open();
    const now = await store.now();
    const shards = await Promise.all(
      Array.from({ length: SHARDS }, async (_, shard) => {
        const query = { where: { shard }, order: { by: 'window' }, limit: 1 } as const;
        for await (const page of store.pages(keyBatches, query, 1))
          for (const { value } of page) return value.expireAt < now - DELETED_WITHIN;
        return false;
      }),
    );
    const late = shards.filter((isLate) => isLate).length;
    return late === 0
      ? ok('No document of keys is more than eight days past its expiry.')
      : failure(
          `${counted(late, 'shard')} of ${SHARDS} hold keys that expired more than eight days ago.`,
        );
  },
};

/** Whether the store is there, whole, and what it is taken for. */
export const storeChecks: readonly Check[] = [
  storeReachable,
  storeComplete,
  storeFormat,
  storeOpen,
  storeIndexes,
  storeParts,
  expiredKeys,
];
